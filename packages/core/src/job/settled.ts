import { isFinished, type Job } from './job.ts'

/** How long Lautta tries to bring the log and the accounting of an attempt that has ended. */
export const giveUpCollectingMs = 7 * 24 * 3600 * 1000

/** Attempts whose log and tables are still to be brought. */
export function attemptsToCollect(job: Job, now: Date): number[] {
  return [...job.earlier, job]
    .filter(isFinished)
    .filter(({ state, endedAt }) => !state.stored && endedAt !== null && now.getTime() - Date.parse(endedAt) < giveUpCollectingMs)
    .map(({ attempt }) => attempt)
}

/** Whether nothing is left to do for a job, until somebody orders something. */
export function isSettled(job: Job, now: Date): boolean {
  return job.state.kind === 'declared' || (isFinished(job) && attemptsToCollect(job, now).length === 0)
}
