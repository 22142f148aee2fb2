import type { EndedTask } from '@lautta/core/ended-task'
import { columns } from './column.ts'
import { writeTable } from './write-table.ts'

/**
 * TASKS: one row for each task of a queue that ended. `received`, `started` and `ended` are seconds since 1970 with
 * milliseconds, `runtime` is in seconds; what follows them tells what the task was about.
 */
export const tasksColumns = [
  ...columns('string', 'name', 'state'),
  ...columns('double', 'received', 'started', 'ended', 'runtime'),
  ...columns('string', 'platform', 'orchestration'),
  ...columns('int64', 'job-index', 'attempt'),
  ...columns('string', 'reason')
]

/** TASKS of some tasks, in their sequence. */
export function writeTasksTable(tasks: readonly EndedTask[]): Uint8Array {
  const rows = tasks.map(({ receivedMs, startedMs, endedMs, index, user: _user, ...rest }) => ({
    ...rest,
    received: receivedMs / 1000,
    started: startedMs / 1000,
    ended: endedMs / 1000,
    runtime: (endedMs - startedMs) / 1000,
    'job-index': index
  }))
  return writeTable({ columns: tasksColumns, rows })
}
