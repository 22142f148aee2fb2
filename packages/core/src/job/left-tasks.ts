import { spreadTasks } from './array-tasks.ts'
import type { Job } from './job.ts'
import { formatTasks, parseArray } from './task-set.ts'

/**
 * The array that an attempt of a job is to be, of what is asked for: those tasks that did not complete in the attempts
 * before it. All of them when the request, or the array in its script, is another one by now.
 */
export function arrayOfAttempt(asked: string, { earlier, version }: Pick<Job, 'earlier' | 'version'>): string {
  const array = parseArray(asked)
  const former = earlier.findLast(({ tasks }) => tasks.length > 0)
  if (array === null || former === undefined || former.version !== version) return asked
  const left = [...spreadTasks(former)].flatMap(([task, { outcome }]) => (outcome === 'completed' ? [] : [task]))
  const all = new Set(array.tasks)
  if (left.length === 0 || left.some((task) => !all.has(task))) return asked
  return `${formatTasks(left)}${array.mostAtOnce === null ? '' : `%${array.mostAtOnce}`}`
}
