import type { ControlKind } from '@lautta/core/documents/order-document'
import { RefusedError } from '@lautta/core/errors'
import { slurmJobIdOf } from '@lautta/core/job/job'
import type { JobEvent } from '@lautta/core/job/job-event'
import type { PerformEffect, PlatformWork } from './job-work.ts'

const doneWords: Readonly<Record<ControlKind, string>> = { hold: 'held', release: 'released', requeue: 'to begin anew' }

/**
 * Carries out a hold, a release or a requeue. Holding twice changes nothing; before a requeue the scheduler's count of
 * them is saved, so that the same order does not requeue the job a second time.
 */
export const control: PerformEffect<PlatformWork> = async ({ platform: { scheduler }, job }): Promise<JobEvent | null> => {
  const slurmJobId = slurmJobIdOf(job)
  if (slurmJobId === null || job.control === null) return null
  const { id, order, restarts } = job.control
  try {
    if (order === 'requeue' && restarts === null)
      return { type: 'restartsCounted', restarts: await scheduler.countRestarts(slurmJobId) }
    if (order === 'requeue') await scheduler.requeue(slurmJobId, restarts ?? 0)
    else await scheduler[order](slurmJobId)
    return { type: 'controlDone', id, words: doneWords[order] }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    return { type: 'controlDone', id, words: `${order} was refused: ${error.message}` }
  }
}
