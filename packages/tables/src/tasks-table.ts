import { columns } from './column.ts'

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
