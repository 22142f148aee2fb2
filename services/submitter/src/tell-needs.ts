import type { Job } from '@lautta/core/job/job'
import type { NeedsStand } from '@lautta/core/job/job-event'
import { reduceJob } from '@lautta/core/job/reduce-job'
import { waitsForNeed } from '@lautta/core/job/take-needs'
import type { KnownOrder } from '@lautta/core/orchestration/known-order'
import { standOfNeeds } from '@lautta/core/orchestration/stand-of-needs'
import type { LiveOrder } from './live-order.ts'
import type { OtherClusters } from './other-clusters.ts'

/**
 * Tells jobs that are prepared how it stands with what they need. One that ends by that may be needed itself: what follows
 * is found out before anything is told, so that the end of a long chain is saved together.
 */
export async function tellNeeds(order: LiveOrder, platform: string, otherClusters: OtherClusters): Promise<void> {
  const stands = standsOf(knownHere(order, platform, await otherClusters(order)), platform)
  await Promise.all(order.status.jobs.flatMap((job) => tell(order, job, stands.get(job.index))))
}

/** How it stands with the needs of each job that is prepared. */
function standsOf(known: KnownOrder, platform: string): Map<number, NeedsStand> {
  const status = known.statuses.get(platform)
  const jobs = [...(status?.jobs ?? [])]
  const stands = new Map<number, NeedsStand>()
  if (status === undefined) return stands
  const foreseen = { ...known, statuses: new Map([...known.statuses, [platform, { ...status, jobs }]]) }
  for (let hasEnded = true; hasEnded; ) {
    hasEnded = false
    for (const [at, job] of jobs.entries()) {
      if (job.state.kind !== 'preparing') continue
      const stand = standOfNeeds(foreseen, platform, job)
      stands.set(job.index, stand)
      if (stand.kind !== 'not-met') continue
      jobs[at] = reduceJob(job, { type: 'needsRead', stand }, '').job
      hasEnded = true
    }
  }
  return stands
}

function tell(order: LiveOrder, job: Job, stand: NeedsStand | undefined): Promise<unknown>[] {
  if (stand === undefined || (stand.kind === 'met' && !waitsForNeed(job))) return []
  const why = stand.kind === 'not-met' ? [order.feed(job.index, { type: 'noticed', notice: stand.words })] : []
  return [...why, order.feed(job.index, { type: 'needsRead', stand })]
}

/** The order as the session on one platform knows it. */
function knownHere(order: LiveOrder, platform: string, otherClusters: KnownOrder['otherClusters'] & {}): KnownOrder {
  const { request, earlier, orders, status, elsewhere } = order
  const others = [...elsewhere].map(([name, { document }]) => [name, document] as const)
  return { request, earlier, orders, statuses: new Map([...others, [platform, status]]), otherClusters }
}
