import type { AuditRow } from '@lautta/core/audit/audit-row'
import { type Cell, columns } from './column.ts'
import { readTable } from './read-table.ts'
import { writeTable } from './write-table.ts'

/** AUDIT: one row for each thing that was ordered or done. `at` is in seconds since 1970; `order` is the orchestration's id. */
export const auditColumns = [
  ...columns('int64', 'at'),
  ...columns('string', 'user', 'key-id', 'order', 'platform'),
  ...columns('int64', 'index'),
  ...columns('string', 'command-class', 'slurm-job-id', 'outcome'),
  ...columns('int64', 'attempt', 'task')
]

/** AUDIT of some lines, in their sequence. */
export function writeAuditTable(lines: readonly AuditRow[]): Uint8Array {
  const rows = lines.map(({ atSeconds, keyId, commandClass, slurmJobId, ...rest }) => ({
    ...rest,
    at: atSeconds,
    'key-id': keyId,
    'command-class': commandClass,
    'slurm-job-id': slurmJobId
  }))
  return writeTable({ columns: auditColumns, rows })
}

/** The lines of an AUDIT table of ours. */
export function readAuditTable(content: Uint8Array): AuditRow[] {
  return readTable(content).rows.map((row) => {
    const text = (cell: Cell | undefined): string | null => (typeof cell === 'string' ? cell : null)
    const number = (cell: Cell | undefined): number | null => (typeof cell === 'number' ? cell : null)
    return {
      ...{ atSeconds: number(row.at) ?? 0, user: text(row.user) ?? '', keyId: text(row['key-id']), order: text(row.order) ?? '' },
      ...{
        platform: text(row.platform),
        index: number(row.index),
        commandClass: text(row['command-class']) ?? '',
        slurmJobId: text(row['slurm-job-id'])
      },
      ...{ outcome: text(row.outcome), attempt: number(row.attempt), task: number(row.task) }
    }
  })
}
