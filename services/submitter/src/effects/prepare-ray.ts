import { composeEntrypoint } from '@lautta/core/ray/entrypoint'
import { type PerformEffect, waitForPause } from './job-work.ts'
import { onCluster } from './on-cluster.ts'
import { providePackage } from './ray-package.ts'

/** Sees to it that the Ray job's cluster answers and has its files. */
export const prepareRay: PerformEffect = async (work) => {
  const { ray } = work.request
  if (ray === undefined || work.isBackingOff()) return null
  const pause = await waitForPause(work)
  if (pause !== null) return pause
  const entrypoint = composeEntrypoint(ray)
  await work.platform.reach()
  return onCluster(work, async (cluster) => {
    await cluster.describe()
    await providePackage(work, ray, entrypoint, cluster)
    return { type: 'prepared' }
  })
}
