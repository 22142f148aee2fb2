import type { Job } from './job.ts'
import type { JobEffect } from './job-event.ts'
import { type JobOrders, nextControl } from './orders.ts'

/** What a control order changes of a job. */
interface Controlled {
  job: Job
  effects: JobEffect[]
  reason: string | null
}

/** Whether a control order was taken up that is not carried out yet. */
export function owesControl({ control }: Pick<Job, 'control'>): boolean {
  return control !== null && !control.isDone
}

/** Takes up the next control order of the attempt, one at a time: each is carried out once. */
export function takeControl(job: Job, orders: JobOrders): Controlled {
  if (owesControl(job)) return { job, effects: ['control'], reason: null }
  const next = nextControl(orders, job.attempt, job.control)
  if (next === null) return { job, effects: [], reason: null }
  const control = { order: next.order, at: next.at, restarts: null, isDone: false }
  return { job: { ...job, control }, effects: ['control'], reason: `${next.order} was ordered` }
}

/** Remembers how often SLURM had requeued the job before: so a requeue that was carried out is not carried out again. */
export function countRestarts(job: Job, restarts: number): Controlled {
  if (job.control === null || job.control.isDone) return { job, effects: [], reason: null }
  return { job: { ...job, control: { ...job.control, restarts } }, effects: ['control'], reason: null }
}

/** The control order was carried out, or refused for good. */
export function finishControl(job: Job, { at, words }: { at: string; words: string }): Controlled {
  const { control } = job
  if (control === null || control.at !== at || control.isDone) return { job, effects: [], reason: null }
  return { job: { ...job, control: { ...control, isDone: true } }, effects: [], reason: words }
}
