import type { Job } from './job.ts'
import type { JobEffect } from './job-event.ts'
import { type JobOrders, nextControl } from './orders.ts'

/** What a control order changes of a job. */
interface Controlled {
  job: Job
  effects: JobEffect[]
  reason: string | null
}

const keep = (job: Job): Controlled => ({ job, effects: [], reason: null })

/** Takes up the next control order of the attempt, one at a time: each is carried out once. */
export function takeControl(job: Job, orders: JobOrders): Controlled {
  if (job.control !== null) return { job, effects: ['control'], reason: null }
  const next = nextControl(orders, job.attempt, job.controlsDone)
  if (next === null) return keep(job)
  const { id, order, task } = next
  const words = task === null ? `${order} was ordered` : `${order} of task ${task} was ordered`
  return { job: { ...job, control: { id, order, task } }, effects: ['control'], reason: words }
}

/** The control order was carried out, or refused for good. */
export function finishControl(job: Job, { id, words }: { id: string; words: string }): Controlled {
  if (job.control?.id !== id) return keep(job)
  return { job: { ...job, control: null, controlsDone: [...job.controlsDone, job.control] }, effects: [], reason: words }
}
