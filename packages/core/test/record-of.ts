import { type AccountingRecord, nothingRecorded } from '../src/accounting/accounting-record.ts'

/** A line of accounting of job 7, as a test says. */
export function recordOf(more: Partial<AccountingRecord>): AccountingRecord {
  return { ...nothingRecorded, jobId: '7', ...more }
}
