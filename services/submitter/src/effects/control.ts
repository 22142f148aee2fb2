import { RefusedError } from '@lautta/core/errors'
import { tasksOf, tellTasks } from '@lautta/core/job/control-job'
import { type Job, slurmJobIdOf } from '@lautta/core/job/job'
import type { JobEvent } from '@lautta/core/job/job-event'
import { mapLimited } from '@lautta/core/map-limited'
import { mostIdsAtOnce, taskId } from '@lautta/platforms/scheduler'
import { type PerformEffect, type PlatformWork, tokenOf } from './job-work.ts'
import { refuseRequeue } from './limit-spending.ts'

type Control = NonNullable<Job['control']>

const doneWords: Readonly<Record<Control['order'], string>> = {
  hold: 'held',
  release: 'released',
  requeue: 'to begin anew',
  cancel: 'to end'
}

/**
 * Carries out a hold, a release, a requeue, or the cancel of tasks. Doing it twice changes nothing, and a requeue is
 * carried out once for its order.
 */
export const control: PerformEffect<PlatformWork> = async (work): Promise<JobEvent | null> => {
  const { platform, order, job } = work
  const slurmJobId = slurmJobIdOf(job)
  if (slurmJobId === null || job.control === null) return null
  const { id, order: kind } = job.control
  const tasks = tasksOf(job.control)
  const targets = tasks.length === 0 ? [slurmJobId] : tasks.map((task) => taskId(slurmJobId, task))
  const about = tasks.length === 0 ? '' : `${tellTasks(job.control)}: `
  const refuse = (words: string): JobEvent => {
    return { type: 'controlDone', id, words: `${about}${kind} was refused: ${words}`, refused: true }
  }
  const beyond = kind === 'requeue' ? refuseRequeue(order, job, job.control.task, work.known) : null
  if (beyond !== null) return refuse(beyond)
  const { scheduler } = platform
  const ask = (target: string) => (kind === 'requeue' ? scheduler.requeue(target, tokenOf(work), id) : scheduler[kind](target))
  // Another holder of the lease may have carried out later ones by now.
  order.fence()
  try {
    await mapLimited(targets, mostIdsAtOnce, ask)
    return { type: 'controlDone', id, words: about + doneWords[kind] }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    return refuse(error.message)
  }
}
