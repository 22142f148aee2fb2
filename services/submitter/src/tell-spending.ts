import { sumEstimates } from '@lautta/core/billing/spending-limit'
import { waitsForNeed } from '@lautta/core/job/take-needs'
import type { KnownPlatform } from '@lautta/platforms/settings'
import { refuseBeforehand } from './effects/limit-spending.ts'
import type { LiveOrder } from './live-order.ts'

/** Ends jobs that go beyond the order's limit of what it may cost, as far as that is seen without the platform. */
export async function tellSpending(order: LiveOrder, known: KnownPlatform): Promise<void> {
  const { jobs } = order.status
  const submitted = sumEstimates(jobs)
  const preparing = jobs.filter((job) => job.state.kind === 'preparing' && !waitsForNeed(job))
  await Promise.all(
    preparing.map(async (job) => {
      const reason = refuseBeforehand(order, job, known, submitted)
      if (reason !== null) await order.feed(job.index, { type: 'preparationRefused', reason }, job)
    })
  )
}
