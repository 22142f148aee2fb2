import { RefusedError } from '@lautta/core/errors'
import { type Job, slurmJobIdOf } from '@lautta/core/job/job'
import type { JobEvent } from '@lautta/core/job/job-event'
import { taskId } from '@lautta/platforms/scheduler'
import { type PerformEffect, type PlatformWork, tokenOf } from './job-work.ts'

type Control = NonNullable<Job['control']>

const doneWords: Readonly<Record<Control['order'], string>> = {
  hold: 'held',
  release: 'released',
  requeue: 'to begin anew',
  cancel: 'to end'
}

/**
 * Carries out a hold, a release, a requeue, or the cancel of one task. Doing it twice changes nothing, and a requeue is
 * carried out once for its order.
 */
export const control: PerformEffect<PlatformWork> = async (work): Promise<JobEvent | null> => {
  const { platform, order, job } = work
  const slurmJobId = slurmJobIdOf(job)
  if (slurmJobId === null || job.control === null) return null
  const { id, order: kind, task } = job.control
  const target = task === null ? slurmJobId : taskId(slurmJobId, task)
  const about = task === null ? '' : `task ${task}: `
  // Another holder of the lease may have carried out later ones by now.
  order.fence()
  try {
    if (kind === 'requeue') await platform.scheduler.requeue(target, tokenOf(work), id)
    else await platform.scheduler[kind](target)
    return { type: 'controlDone', id, words: about + doneWords[kind] }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    return { type: 'controlDone', id, words: `${about}${kind} was refused: ${error.message}` }
  }
}
