import type { AccountingRecord } from './accounting-record.ts'

/** The job's own line, or those of its array tasks, each of its last run. What had not begun has one line without a task. */
export function lastRunsOf(records: readonly AccountingRecord[]): AccountingRecord[] {
  const lines = records.filter(({ jobStep }) => jobStep === null)
  return [...new Map(lines.map((line) => [line.arrayTask ?? null, line])).values()]
}
