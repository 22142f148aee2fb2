import { LauttaError } from '@lautta/core/errors'
import { type RayClusterAnswer, tellCluster, tellSilentCluster } from '@lautta/core/ray/tell-cluster'
import type { Platform } from '@lautta/platforms/platform'

/** What a Ray cluster says of itself; that it is down, or does not take the token, is an answer too. */
export async function describeRayCluster(
  platform: Pick<Platform, 'openRay'>,
  cluster: string | null,
  signal: AbortSignal
): Promise<RayClusterAnswer> {
  try {
    signal.throwIfAborted()
    const opened = await platform.openRay(cluster)
    signal.throwIfAborted()
    return tellCluster(await opened.describe())
  } catch (error) {
    // A wrong token is the cluster's matter: the credential of the platform is none the worse for it.
    if (signal.aborted || !(error instanceof LauttaError)) throw error
    return tellSilentCluster(error.message, error.hint)
  }
}
