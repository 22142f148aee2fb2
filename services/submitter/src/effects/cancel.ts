import { slurmJobIdOf } from '@lautta/core/job/job'
import type { LiveOrder } from '../live-order.ts'
import type { PerformEffect, PlatformWork } from './job-work.ts'

// A scheduler takes a while to end a job; asking it again in every pass would only make noise.
const askAgainMs = 30_000

/** Asks the scheduler to end the job; that it ended is seen later, as for any other job. */
export function cancel(now: () => Date): PerformEffect<PlatformWork> {
  const askedAtMs = new WeakMap<LiveOrder, Map<string, number>>()
  return async ({ platform, order, job }) => {
    const id = slurmJobIdOf(job)
    const asked = askedAtMs.get(order) ?? new Map<string, number>()
    askedAtMs.set(order, asked)
    if (id === null || now().getTime() - (asked.get(id) ?? Number.NEGATIVE_INFINITY) < askAgainMs) return null
    asked.set(id, now().getTime())
    await platform.scheduler.cancel(id)
    return null
  }
}
