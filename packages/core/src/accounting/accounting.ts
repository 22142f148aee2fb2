import type { AccountingRecord } from './accounting-record.ts'

/** A line of accounting that can't be read, or not all of it, and why. */
export interface UnreadableLine {
  line: string
  reason: string
}

/** What accounting told of a job. A line of which only some field can't be read is among both. */
export interface Accounting {
  records: readonly AccountingRecord[]
  unreadable: readonly UnreadableLine[]
}
