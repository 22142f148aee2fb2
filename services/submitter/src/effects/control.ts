import type { ControlKind } from '@lautta/core/documents/order-document'
import { RefusedError } from '@lautta/core/errors'
import { slurmJobIdOf } from '@lautta/core/job/job'
import type { JobEvent } from '@lautta/core/job/job-event'
import { type PerformEffect, type PlatformWork, tokenOf } from './job-work.ts'

const doneWords: Readonly<Record<ControlKind, string>> = { hold: 'held', release: 'released', requeue: 'to begin anew' }

/** Carries out a hold, a release or a requeue. Holding twice changes nothing, and a requeue is carried out once for its order. */
export const control: PerformEffect<PlatformWork> = async (work): Promise<JobEvent | null> => {
  const { platform, order, job } = work
  const slurmJobId = slurmJobIdOf(job)
  if (slurmJobId === null || job.control === null) return null
  const { id, order: kind } = job.control
  // Another holder of the lease may have carried out later ones by now.
  order.fence()
  try {
    if (kind === 'requeue') await platform.scheduler.requeue(slurmJobId, tokenOf(work), id)
    else await platform.scheduler[kind](slurmJobId)
    return { type: 'controlDone', id, words: doneWords[kind] }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    return { type: 'controlDone', id, words: `${kind} was refused: ${error.message}` }
  }
}
