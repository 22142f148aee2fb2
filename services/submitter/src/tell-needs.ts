import { isFinished, type Job } from '@lautta/core/job/job'
import type { NeedsStand } from '@lautta/core/job/job-event'
import { waitsForNeed } from '@lautta/core/job/take-needs'
import type { KnownOrder } from '@lautta/core/orchestration/known-order'
import { standOfNeeds } from '@lautta/core/orchestration/stand-of-needs'
import type { LiveOrder } from './live-order.ts'

/**
 * Tells jobs that are prepared how it stands with what they need. One that ends by that may be needed itself: so they
 * are told again until none ends.
 */
export async function tellNeeds(order: LiveOrder, platform: string): Promise<void> {
  let hasEnded = true
  while (hasEnded) {
    const known = knownHere(order, platform)
    const preparing = order.status.jobs.filter(({ state }) => state.kind === 'preparing')
    const ended = await Promise.all(preparing.map((job) => tell(order, job, standOfNeeds(known, platform, job))))
    hasEnded = ended.includes(true)
  }
}

/** Answers whether the job has ended by it. */
async function tell(order: LiveOrder, job: Job, stand: NeedsStand): Promise<boolean> {
  const { index } = job
  if (stand.kind === 'met' && !waitsForNeed(job)) return false
  const why = stand.kind === 'not-met' ? [order.feed(index, { type: 'noticed', notice: stand.words })] : []
  // Saved together.
  await Promise.all([...why, order.feed(index, { type: 'needsRead', stand })])
  return order.status.jobs.some((one) => one.index === index && isFinished(one))
}

/** The order as the session on one platform knows it. */
function knownHere({ request, earlier, orders, status, elsewhere }: LiveOrder, platform: string): KnownOrder {
  const others = [...elsewhere].map(([name, { document }]) => [name, document] as const)
  return { request, earlier, orders, statuses: new Map([...others, [platform, status]]) }
}
