import { readArrayDirective } from '../batch-script.ts'
import type { OrderDocument } from '../documents/order-document.ts'
import { spreadTasks, type TaskState } from '../job/array-tasks.ts'
import { isOnPlatform } from '../job/job.ts'
import { formatTasks, parseArray, parseTasks } from '../job/task-set.ts'
import type { KnownJob, KnownOrder } from './known-order.ts'
import { type JobDecision, openAttempt } from './next-order.ts'

/** What is ordered for one task of an array, or why it can't be: also that there is no array, or no such task. */
export type TaskDecision = JobDecision | { noArray: string } | { noTask: string }

/** Cancels, holds, releases or requeues one task of the present attempt. */
export function taskOrders(known: KnownOrder, one: KnownJob, order: OrderDocument['order'], task: number): TaskDecision {
  const { platform, job } = one
  const attempt = openAttempt(known, one)
  const isSubmitted = attempt === job.attempt && isOnPlatform(job)
  // Of one that has ended it does not matter in which state it was.
  const tasks = isSubmitted || attempt === null ? parseTasks(job.array ?? '') : tasksAskedFor(one)
  if (tasks === null)
    return {
      conflict: 'whether this job is an array is known when it is submitted',
      hint: 'give the job an `array` of its own, or order this once it is queued'
    }
  if (tasks.length === 0) return { noArray: 'this job is no array: leave out `task`' }
  if (!tasks.includes(task)) return { noTask: `the array has no task ${task}; its tasks are ${formatTasks(tasks)}` }
  if (attempt === null) return hasEnded('the job')
  const conflict = isSubmitted ? conflictWith(order, task, spreadTasks(job).get(task)) : null
  if (conflict !== null) return conflict
  if (!isSubmitted && order === 'requeue') return hasNotBegun(task)
  return { orders: [{ order, attempt, platform, index: job.index, task }] }
}

/** The tasks of a job that is not on the platform yet; none when it is no array, null when its script must be read for that. */
function tasksAskedFor({ request: { array, script } }: KnownJob): number[] | null {
  const text = array ?? (script === undefined ? null : readArrayDirective(script))
  if (text !== null) return parseArray(text)?.tasks ?? []
  return script === undefined ? null : []
}

function conflictWith(order: OrderDocument['order'], task: number, found: TaskState | undefined): JobDecision | null {
  if (found?.state === 'finishing' || found?.state === 'finished') return hasEnded(`task ${task}`)
  if (order === 'requeue' && found?.state === 'queued') return hasNotBegun(task)
  if (order !== 'hold' || found?.state !== 'running') return null
  return { conflict: `task ${task} runs already`, hint: 'only a task that has not begun can be held' }
}

function hasEnded(what: string): JobDecision {
  return { conflict: `${what} has ended`, hint: 'start the order again: the tasks that did not complete run once more' }
}

function hasNotBegun(task: number): JobDecision {
  return { conflict: `task ${task} has not begun`, hint: 'only a task that runs can be requeued' }
}
