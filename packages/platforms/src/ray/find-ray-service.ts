import type { ForwardService } from '@lautta/core/documents/forward-document'
import { RefusedError } from '@lautta/core/errors'
import { z } from 'zod'
import type { RemoteAddress, RemoteShell } from '../remote-shell.ts'
import { runCommand } from '../run-command.ts'

const port = z.number().int().min(1).max(65_535)
const clusterFileSchema = z.object({
  'head-address': z.string().min(1),
  ports: z.object({
    dashboard: port,
    client: port.optional(),
    serve: port.optional(),
    metrics: z.array(z.object({ address: z.string().min(1), port })).default([])
  })
})

const printFile = 'exec cat -- "$HOME/.lautta/ray/$1/cluster.json" 2>/dev/null'
const mostBytes = 256 * 1024

/**
 * Where a service of the Ray cluster inside a SLURM job listens, as the login node knows it, by what the job wrote down when
 * the cluster was ready; null while it has not, or when the cluster has no such service. Metrics are those of the head.
 */
export async function findRayService(
  shell: RemoteShell,
  slurmJobId: string,
  service: ForwardService
): Promise<RemoteAddress | null> {
  const text = await runCommand(shell, {
    argv: ['sh', '-c', printFile, 'sh', slurmJobId],
    outputLimitBytes: mostBytes,
    parse: ({ stdout, exitCode }) => (exitCode === 0 ? stdout : null)
  })
  if (text === null) return null
  const { 'head-address': host, ports } = readClusterFile(text, slurmJobId)
  if (service !== 'metrics') return ports[service] === undefined ? null : { host, port: ports[service] }
  const [metrics] = ports.metrics
  return metrics === undefined ? null : { host: metrics.address, port: metrics.port }
}

function readClusterFile(text: string, slurmJobId: string): z.output<typeof clusterFileSchema> {
  try {
    return clusterFileSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new RefusedError(`what job ${slurmJobId} wrote about its Ray cluster can not be read`, { cause })
  }
}
