import type { ForwardService } from '@lautta/core/documents/forward-document'
import { RefusedError } from '@lautta/core/errors'
import type { Platform } from '../platform.ts'
import type { RemoteAddress } from '../remote-shell.ts'
import { runCommand } from '../run-command.ts'
import { findCluster } from './find-cluster.ts'
import { addressOf } from './near-address.ts'
import type { RayClusterSettings } from './ray-cluster-settings.ts'

/** Where a service of the Ray cluster inside a SLURM job is dialled by the platform's shell; null while there is none. */
export async function findServiceInJob(
  { shell, remoteForward }: Pick<Platform, 'shell' | 'remoteForward'>,
  slurmJobId: string,
  service: ForwardService
): Promise<RemoteAddress | null> {
  const cluster = await runCommand(shell, findCluster(slurmJobId))
  if (cluster === null) return null
  // Each node tells its own: those of the head are about the cluster, too.
  const [{ address, port } = { address: '', port: 0 }] = cluster.metrics
  if (service === 'metrics') return port === 0 ? null : { host: address, port }
  return addressOf(cluster, service, remoteForward)
}

/** Where a service of a Ray cluster of the configuration listens. */
export function findServiceOf(name: string, settings: RayClusterSettings, service: ForwardService): RemoteAddress {
  const address = service === 'metrics' ? settings.metrics[0] : settings[service]
  if (address === null || address === undefined)
    throw new RefusedError(`the configuration tells no ${service} of the Ray cluster ${name}`)
  const { protocol, hostname, port } = new URL(address)
  if (protocol === 'https:')
    throw new RefusedError(`the ${service} of the Ray cluster ${name} speaks TLS, and is no service for a forward`)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port) }
}
