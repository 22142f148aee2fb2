import { isFinished, type Job } from './job.ts'

/** Attempts whose log and tables are still to be brought. */
export function attemptsToCollect(job: Job): number[] {
  return [...job.earlier, job]
    .filter(isFinished)
    .filter(({ state }) => state.collecting === 'owed')
    .map(({ attempt }) => attempt)
}

/** How long Lautta tries to bring the log and the accounting of an attempt. */
const patienceMs = 7 * 24 * 3600 * 1000

/** Whether the attempt ended so long ago that what is not here by now will not come any more. */
export function isTooLateToCollect(job: Job, attempt: number, now: Date): boolean {
  const seenAt = [...job.earlier, job].find((one) => one.attempt === attempt)?.endSeenAt ?? null
  return seenAt !== null && now.getTime() - Date.parse(seenAt) >= patienceMs
}

/** Whether nothing is left to do for a job, until somebody orders something. */
export function isSettled(job: Job): boolean {
  return job.state.kind === 'declared' || (isFinished(job) && attemptsToCollect(job).length === 0)
}
