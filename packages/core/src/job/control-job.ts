import type { Job } from './job.ts'
import type { JobEffect, JobEvent } from './job-event.ts'
import { type JobOrders, nextControls } from './orders.ts'
import { formatTasks } from './task-set.ts'

type Control = NonNullable<Job['control']>
type ControlDone = Extract<JobEvent, { type: 'controlDone' }>

/** What a control order changes of a job. */
interface Controlled {
  job: Job
  effects: JobEffect[]
  reason: string | null
}

const keep = (job: Job): Controlled => ({ job, effects: [], reason: null })

/** Takes up the next control order of the attempt, one at a time, but for cancels of tasks: each is carried out once. */
export function takeControl(job: Job, orders: JobOrders): Controlled {
  if (job.control !== null) return { job, effects: ['control'], reason: null }
  const [next, ...others] = nextControls(orders, job.attempt, job.controlsDone)
  if (next === undefined) return keep(job)
  const { id, order, task } = next
  const control = { id, order, task, also: others.flatMap((one) => (one.task === null ? [] : [{ id: one.id, task: one.task }])) }
  const words = task === null ? `${order} was ordered` : `${order} of ${tellTasks(control)} was ordered`
  return { job: { ...job, control }, effects: ['control'], reason: words }
}

/** The tasks that a control order is about; none when it is about the job as a whole. */
export function tasksOf({ task, also }: Control): number[] {
  return task === null ? [] : [...new Set([task, ...also.map((one) => one.task)])]
}

/** The tasks that a control order is about, in words. */
export function tellTasks(control: Control): string {
  const tasks = tasksOf(control)
  return `task${tasks.length === 1 ? '' : 's'} ${formatTasks(tasks)}`
}

/** The control order was carried out, or refused for good. */
export function finishControl(job: Job, { id, words, refused }: ControlDone, at: string): Controlled {
  if (job.control?.id !== id) return keep(job)
  const { also, ...first } = job.control
  const ended = { doneAt: at, ...(refused === undefined ? {} : { refused }) }
  const done = [first, ...also.map((one) => ({ ...one, order: first.order }))].map((one) => ({ ...one, ...ended }))
  return { job: { ...job, control: null, controlsDone: [...job.controlsDone, ...done] }, effects: [], reason: words }
}
