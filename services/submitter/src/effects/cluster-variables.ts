import { readFile } from 'node:fs/promises'
import { messageOf, RefusedError } from '@lautta/core/errors'
import type { RemoteForward } from '@lautta/platforms/remote-forward-settings'
import type { JobWork } from './job-work.ts'

type ClusterWork = Pick<JobWork, 'management' | 'user' | 'order' | 'job'> & {
  known: Pick<JobWork['known'], 'name' | 'remoteForward'>
}

/** The variables of a job that is to be a Ray cluster: its secrets, which stand in no script. */
export async function clusterVariables({ management, user, order, known, job }: ClusterWork): Promise<Record<string, string>> {
  const { index, attempt } = job
  const token = management.rayTokenOf(user, { id: order.id, platform: known.name, index, attempt })
  const { remoteForward } = known
  if (remoteForward === null) return { RAY_AUTH_TOKEN: token }
  return { RAY_AUTH_TOKEN: token, LAUTTA_TUNNEL_KEY: await readTunnelKey(known.name, remoteForward) }
}

async function readTunnelKey(platform: string, { privateKeyFile }: RemoteForward): Promise<string> {
  try {
    return (await readFile(privateKeyFile, 'utf8')).trim()
  } catch (cause) {
    throw new RefusedError(`the key of the remote forward can not be read: ${messageOf(cause)}`, {
      cause,
      hint: `whoever runs Lautta puts it at platforms.${platform}.remote-forward.private-key-file`
    })
  }
}
