import type { AccountingRecord } from './accounting-record.ts'

/** The job's own line, or those of its array tasks or components, each of its last run. What had not begun has one line without a task. */
export function lastRunsOf(records: readonly AccountingRecord[]): AccountingRecord[] {
  const lines = records.filter(({ jobStep }) => jobStep === null)
  return [...new Map(lines.map((line) => [unitOf(line), line])).values()]
}

/** What of a job SLURM runs, and begins anew, by itself: a task, a component, or all of it. Restarts are counted for each. */
export function unitOf({ arrayTask, hetComponent }: Pick<AccountingRecord, 'arrayTask' | 'hetComponent'>): string {
  return `${arrayTask ?? ''}+${hetComponent ?? ''}`
}
