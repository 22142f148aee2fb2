import { cancelledTasks, spreadTasks } from './array-tasks.ts'
import type { Job } from './job.ts'
import { formatTasks, parseArray } from './task-set.ts'

/**
 * The array that an attempt of a job is to be, of what is asked for: those tasks that did not complete in the attempts
 * before it; without those that the user cancelled, when it follows by itself. All of them when the request, or the array
 * in its script, is another one by now.
 */
export function arrayOfAttempt(asked: string, { earlier, version }: Pick<Job, 'earlier' | 'version'>, isRetry: boolean): string {
  const array = parseArray(asked)
  const former = earlier.filter((one) => one.version === version && one.tasks.length > 0)
  // Attempts after the first were submitted as fewer tasks.
  if (array === null || !former.some((one) => one.array === formatTasks(array.tasks))) return asked
  const done = new Map<number, boolean>()
  for (const one of former) {
    const cancelled = isRetry ? cancelledTasks(one) : new Set<number>()
    // What the last attempt of a task came to counts.
    for (const [task, { outcome }] of spreadTasks(one)) done.set(task, outcome === 'completed' || cancelled.has(task))
  }
  const left = array.tasks.filter((task) => !done.get(task))
  if (left.length === 0) return asked
  return `${formatTasks(left)}${array.mostAtOnce === null ? '' : `%${array.mostAtOnce}`}`
}
