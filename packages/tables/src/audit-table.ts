import { columns } from './column.ts'

/** AUDIT: one row for each thing that was ordered or done. `at` is in seconds since 1970; `order` is the orchestration's id. */
export const auditColumns = [
  ...columns('int64', 'at'),
  ...columns('string', 'user', 'key-id', 'order', 'platform'),
  ...columns('int64', 'index'),
  ...columns('string', 'command-class', 'slurm-job-id', 'outcome'),
  ...columns('int64', 'attempt', 'task')
]
