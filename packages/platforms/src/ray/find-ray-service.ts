import { RefusedError } from '@lautta/core/errors'
import { describeService, type ForwardedService } from '@lautta/core/forwards/describe-service'
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
  { service, node }: ForwardedService
): Promise<RemoteAddress | null> {
  const cluster = await runCommand(shell, findCluster(slurmJobId))
  if (cluster === null) return null
  if (service !== 'metrics') return addressOf(cluster, service, remoteForward)
  if (remoteForward !== null) throw new RefusedError('the tunnel of a Ray cluster does not bring its metrics')
  // As Ray itself lists them: of the nodes, then of the autoscaler and of the dashboard.
  const found = cluster.metrics[node]
  if (found === undefined)
    throw new RefusedError(`the Ray cluster of job ${slurmJobId} tells no ${describeService({ service, node })}`)
  return { host: found.address, port: found.port }
}

/** Where a service of a Ray cluster of the configuration listens. */
export function findServiceOf(name: string, settings: RayClusterSettings, forwarded: ForwardedService): RemoteAddress {
  const { service, node } = forwarded
  const address = (service === 'metrics' ? settings.metrics[node] : settings[service]) ?? null
  const words = describeService(forwarded)
  if (address === null) throw new RefusedError(`the configuration tells no ${words} of the Ray cluster ${name}`)
  const { protocol, hostname, port } = new URL(address)
  if (protocol === 'https:') throw new RefusedError(`${words} of the Ray cluster ${name} can not be forwarded: it speaks TLS`)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port) }
}
