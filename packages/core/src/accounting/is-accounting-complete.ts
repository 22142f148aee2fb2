import { nameWithoutToken } from '../job/job-token.ts'
import type { AccountingRecord } from './accounting-record.ts'
import { lastRunsOf } from './last-runs.ts'

/** After that, what accounting has by then is all that it will have. */
const patienceSeconds = 10 * 60

/**
 * Whether accounting has told all of a job that has ended. It lags behind, and not in sequence: slurmdbd may hear of a
 * job's end first, and calls it `allocation` until it hears of the beginning. Our own name for it ends with its token.
 * `tasks` are those of an array that must have a record: there are arrays without any. Null is no array.
 */
export function isAccountingComplete(
  records: readonly AccountingRecord[],
  token: string,
  now: Date,
  tasks: readonly number[] | null = null
): boolean {
  const jobs = lastRunsOf(records)
  if (jobs.length === 0) return tasks?.length === 0
  const ends = jobs.flatMap(({ endedAtEpoch }) => endedAtEpoch ?? [])
  if (ends.length < jobs.length) return false
  if (now.getTime() / 1000 - latest(ends) > patienceSeconds) return true
  const isOurs = ({ jobName, hetComponent = 0 }: AccountingRecord) =>
    jobName !== null && (nameWithoutToken(jobName, token) !== jobName || (hetComponent > 0 && jobName !== 'allocation'))
  const isAll = hasAll(jobs, tasks ?? []) && hasAllComponents(jobs)
  return isAll && jobs.every(isOurs) && records.every(({ endedAtEpoch }) => endedAtEpoch !== null)
}

/** A heterogeneous job has two components at least, numbered from 0; the script names all of them but the first as it likes. */
function hasAllComponents(jobs: readonly AccountingRecord[]): boolean {
  const told = jobs.flatMap(({ hetComponent }) => hetComponent ?? [])
  return told.length === 0 || told.length > Math.max(1, ...told)
}

/** A line without a task stands for all that had not begun. */
function hasAll(jobs: readonly AccountingRecord[], tasks: readonly number[]): boolean {
  const told = new Set(jobs.map(({ arrayTask }) => arrayTask))
  return told.has(null) || tasks.every((task) => told.has(task))
}

// Not Math.max with all of them as arguments: an array may have very many tasks.
const latest = (times: readonly number[]): number => times.reduce((one, other) => Math.max(one, other), 0)
