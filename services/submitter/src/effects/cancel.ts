import { slurmJobIdOf } from '@lautta/core/job/job'
import type { LiveOrder } from '../live-order.ts'
import type { PerformEffect, PlatformWork } from './job-work.ts'

// A scheduler takes a while to end a job; asking it again in every pass would only make noise.
const askAgainMs = 30_000

/** Asks the scheduler to end the job; that it ended is seen later, as for any other job. */
export function createCancel(now: () => Date) {
  const askedAtMs = new WeakMap<LiveOrder, Map<string, number>>()
  const cancel: PerformEffect<PlatformWork> = async ({ platform, order, job }) => {
    const id = slurmJobIdOf(job)
    if (id === null) return null
    askedAtMs.set(order, (askedAtMs.get(order) ?? new Map<string, number>()).set(id, now().getTime()))
    await platform.scheduler.cancel(id)
    return null
  }
  return {
    cancel,
    /** Whether it is time to ask, or to ask again. */
    isDue({ order, job }: Pick<PlatformWork, 'order' | 'job'>): boolean {
      const asked = askedAtMs.get(order)?.get(slurmJobIdOf(job) ?? '')
      return asked === undefined || now().getTime() - asked >= askAgainMs
    }
  }
}
