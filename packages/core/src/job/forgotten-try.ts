import type { BegunTry } from '../object-names.ts'
import type { Job } from './job.ts'
import type { JobOrders } from './orders.ts'

/** A try that was begun and of which the job does not know: what was saved is an older state, put back by a late write. */
export function forgottenTry(
  { attempt, version }: Pick<Job, 'attempt' | 'version'>,
  { tries }: JobOrders,
  knownTry: number
): Pick<BegunTry, 'try' | 'version'> | null {
  const begun = tries.get(attempt)
  if (begun === undefined || begun.try < knownTry) return null
  // It may know the number, and go by another version than what was submitted.
  const isOfAnotherVersion = typeof begun.version === 'number' && begun.version !== version
  return begun.try > knownTry || isOfAnotherVersion ? begun : null
}

/** The job with what it may cost as its try knows it, where it does not know that itself any more. */
export function recallEstimate(job: Job, { tries }: JobOrders): Job {
  const estimate = job.estimate ?? tries.get(job.attempt)?.estimate ?? null
  return estimate === job.estimate ? job : { ...job, estimate }
}
