import { slurmJobIdOf } from '@lautta/core/job/job'
import { partOf } from '@lautta/core/orchestration/known-order'
import { readClusterReference } from '@lautta/core/ray/ray-job'
import type { SubmissionRight } from '@lautta/platforms/scheduler'
import { type PlatformWork, tokenOf } from './job-work.ts'

/**
 * The right to submit with the present try. A Ray job's is one on a certain cluster: null is a cluster whose job has no id,
 * so that nothing can be submitted there.
 */
export async function rightOf(work: PlatformWork): Promise<SubmissionRight | null> {
  const { job, order, known } = work
  if (job.state.kind !== 'submitting') return null
  const right = { token: tokenOf(work), try: job.state.try }
  const { ray } = partOf(order, known.name, job)?.jobs[job.index] ?? {}
  const reference = ray === undefined ? null : readClusterReference(ray)
  if (reference === null) return right
  const found = await work.findClusterJob(reference)
  const cluster = found === undefined ? null : slurmJobIdOf(found.job)
  return cluster === null ? null : { ...right, cluster }
}
