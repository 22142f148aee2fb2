import { nameWithoutToken } from '../job/job-token.ts'
import type { AccountingRecord } from './accounting-record.ts'

/** After that, what accounting has by then is all that it will have. */
const patienceSeconds = 10 * 60

/**
 * Whether accounting has told all of a job that has ended. It lags behind, and not in sequence: slurmdbd may hear of a
 * job's end first, and calls it `allocation` until it hears of the beginning. Our own name for it ends with its token.
 */
export function isAccountingComplete(records: readonly AccountingRecord[], token: string, now: Date): boolean {
  const job = records.filter(({ jobStep }) => jobStep === null).at(-1)
  if (job === undefined || job.endedAtEpoch === null) return false
  if (now.getTime() / 1000 - job.endedAtEpoch > patienceSeconds) return true
  const isOurs = job.jobName !== null && nameWithoutToken(job.jobName, token) !== job.jobName
  return isOurs && records.every(({ endedAtEpoch }) => endedAtEpoch !== null)
}
