import type { Job, TaskGroup } from './job.ts'
import { formatTasks, parseTasks } from './task-set.ts'

/** How one task of an array stands. */
export type TaskState = Omit<TaskGroup, 'tasks'>

/** Why a task ended that has no record of its own: a pending task that is cancelled alone leaves none anywhere. */
export const neverBegan = 'cancelled before it began'

/** A task that waits or runs. */
export function openTask(state: 'queued' | 'running' | 'finishing', reason: string | null = null): TaskState {
  return { state, outcome: null, exitCode: null, reason }
}

/** The tasks of an array that was just submitted; none of any other job. */
export function queuedTasks({ array }: Pick<Job, 'array'>): TaskGroup[] {
  return array === null ? [] : [{ tasks: array, ...openTask('queued') }]
}

/** How each task of an array stands, by its number and in ascending sequence. */
export function spreadTasks({ array, tasks }: Pick<Job, 'array' | 'tasks'>): Map<number, TaskState> {
  // In the sequence of their numbers, whatever the groups are.
  const states = new Map((parseTasks(array ?? '') ?? []).map((task) => [task, openTask('queued')]))
  for (const { tasks: list, ...state } of tasks) for (const task of parseTasks(list) ?? []) states.set(task, state)
  return states
}

/** Tasks in like states as one group each, so that a thousand tasks are a few lines. */
export function groupTasks(states: ReadonlyMap<number, TaskState>): TaskGroup[] {
  const groups = new Map<string, { state: TaskState; tasks: number[] }>()
  for (const [task, state] of states) {
    const key = JSON.stringify([state.state, state.outcome, state.exitCode, state.reason])
    const group = groups.get(key) ?? { state, tasks: [] }
    group.tasks.push(task)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ state, tasks }) => ({ tasks: formatTasks(tasks), ...state }))
}

/** The tasks of an array that must have a record in accounting; null for any other job. */
export function recordedTasks(job: Pick<Job, 'array' | 'tasks'>): number[] | null {
  if (job.tasks.length === 0) return null
  return [...spreadTasks(job)].flatMap(([task, { reason }]) => (reason === neverBegan ? [] : [task]))
}

/** The tasks that the user cancelled in an attempt, each by an order of its own. */
export function cancelledTasks({ controlsDone }: Pick<Job, 'controlsDone'>): Set<number> {
  return new Set(controlsDone.flatMap(({ order, task }) => (order === 'cancel' && task !== null ? [task] : [])))
}

/** How many tasks are in each state; states in which there are none are left out. */
export function countTasks(tasks: readonly TaskGroup[]): Partial<Record<TaskGroup['state'], number>> {
  const counts: Partial<Record<TaskGroup['state'], number>> = {}
  for (const { tasks: list, state } of tasks) counts[state] = (counts[state] ?? 0) + (parseTasks(list)?.length ?? 0)
  return counts
}
