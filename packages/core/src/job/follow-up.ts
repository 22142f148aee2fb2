import { declareJob, type Job } from './job.ts'
import type { Outcome } from './outcome.ts'

/** What is left of the retries once one is spent after this outcome; null when none is to follow. */
export function retryAfter({ retries, stopOrderedAt }: Job, outcome: Outcome): Job['retries'] | null {
  const spent = retries.indexOf(outcome)
  return spent === -1 || stopOrderedAt !== null ? null : retries.filter((_cause, index) => index !== spent)
}

/** The job as its next attempt begins; what was keeps its place among the earlier ones. */
export function followUp({ index, waiting: _, retries: __, earlier, ...ended }: Job, attempt: number): Job {
  return { ...declareJob(index), attempt, earlier: [...earlier, ended] }
}
