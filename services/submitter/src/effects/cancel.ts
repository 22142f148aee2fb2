import { slurmJobIdOf } from '@lautta/core/job/job'
import type { PerformEffect } from './job-work.ts'

// A scheduler takes a while to end a job; asking it again in every pass would only make noise.
const askAgainMs = 30_000

/** Asks the scheduler to end the job; that it ended is seen later, as for any other job. */
export function cancel(now: () => Date): PerformEffect {
  const askedAtMs = new Map<string, number>()
  return async ({ platform, job }) => {
    const id = slurmJobIdOf(job)
    if (id === null || now().getTime() - (askedAtMs.get(id) ?? Number.NEGATIVE_INFINITY) < askAgainMs) return null
    askedAtMs.set(id, now().getTime())
    await platform.scheduler.cancel(id)
    return null
  }
}
