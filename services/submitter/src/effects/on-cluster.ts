import { RefusedError, UnknownOutcomeError } from '@lautta/core/errors'
import { slurmJobIdOf } from '@lautta/core/job/job'
import type { JobEvent } from '@lautta/core/job/job-event'
import { readClusterReference } from '@lautta/core/ray/ray-job'
import type { RayCluster } from '@lautta/platforms/ray-cluster'
import type { JobWork } from './job-work.ts'

/** Does something on the cluster of a Ray job, if it runs. */
export async function onCluster(work: JobWork, act: (cluster: RayCluster) => Promise<JobEvent | null>): Promise<JobEvent | null> {
  const reference = work.request.ray === undefined ? null : readClusterReference(work.request.ray)
  if (reference === null) return act(await work.platform.openRay(null))
  const found = await work.findClusterJob(reference)
  const id = found === undefined ? null : slurmJobIdOf(found.job)
  if (found?.isOver) throw new RefusedError(`its Ray cluster has ended${id === null ? '' : `, job ${id}`}`)
  // It was requeued meanwhile, or runs again.
  if (id === null || found?.job.state.kind !== 'running')
    return { type: 'waited', on: 'platform', reason: 'its Ray cluster does not run now' }
  try {
    return await act(await work.platform.openRay(id))
  } catch (error) {
    // As if the platform itself had not answered: but that one is not to blame.
    if (error instanceof UnknownOutcomeError) return { type: 'answerLost' }
    throw error
  }
}
