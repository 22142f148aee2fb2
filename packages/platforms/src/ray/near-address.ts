import { UnavailableError } from '@lautta/core/errors'
import { dialTcp } from '../dial-tcp.ts'
import type { RemoteAddress, RemoteShell } from '../remote-shell.ts'
import type { ClusterInJob } from './find-cluster.ts'
import type { RemoteForward } from './remote-forward-settings.ts'

/** Where a service of a cluster is dialled: on our machine, if its job has brought it there, else on its head. */
export function addressOf(
  { headAddress, ports, near }: Pick<ClusterInJob, 'headAddress' | 'ports' | 'near'>,
  service: 'dashboard' | 'client' | 'serve',
  remoteForward: RemoteForward | null
): RemoteAddress {
  if (near === undefined || remoteForward === null) return { host: headAddress, port: ports[service] }
  const address = { host: remoteForward.reachedAt, port: near[service] }
  // The file is the user's: nobody gets to another port of our machine by writing it there.
  if (!isNear(address, remoteForward))
    throw new UnavailableError(
      `the cluster's ${service} is said to be at port ${address.port} of our machine, which is none of its own`
    )
  return address
}

/** The shell, which dials from here what is on our machine. */
export function withRemoteForward(shell: RemoteShell, remoteForward: RemoteForward | null): RemoteShell {
  if (remoteForward === null) return shell
  return { ...shell, dial: (address) => (isNear(address, remoteForward) ? dialTcp(address) : shell.dial(address)) }
}

function isNear({ host, port }: RemoteAddress, { reachedAt, ports: { first, last } }: RemoteForward): boolean {
  return host === reachedAt && port >= first && port <= last
}
