import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import { isFinished, type Job } from '@lautta/core/job/job'
import { isJobOver, partOf } from '@lautta/core/orchestration/known-order'
import type { ClusterJob } from '@lautta/core/orchestration/stand-of-cluster'
import { readClusterReference } from '@lautta/core/ray/ray-job'
import type { LiveOrder } from './live-order.ts'
import type { SessionPorts } from './session-ports.ts'

/** Jobs of other orders, by the order's id, on whose Ray clusters the Ray jobs of one are to run. */
export type OtherClusters = (order: LiveOrder) => Promise<Map<string, readonly ClusterJob[]>>

/** The jobs of an order of the user on the platform; null when nothing is known of it. */
export type FindJobs = (orderId: string) => Promise<readonly Job[] | null>

/** Looks among the open orders of the session first: only one that is not open any more is read. */
export function createFindJobs(
  { user, known, management }: Pick<SessionPorts, 'user' | 'known' | 'management'>,
  openOrders: () => readonly LiveOrder[]
): FindJobs {
  return async (id) => {
    const open = openOrders().find((one) => one.id === id)
    return open?.status.jobs ?? (await leaveUnreadable(management.readStatus(user, id, known.name)))?.jobs ?? null
  }
}

export function createOtherClusters(
  { known }: Pick<SessionPorts, 'known'>,
  findJobs: FindJobs,
  openOrders: () => readonly LiveOrder[]
): OtherClusters {
  return async (order) => {
    const clusters = new Map<string, readonly ClusterJob[]>()
    for (const id of idsOf(order, known.name)) {
      const jobs = await findJobs(id)
      // Of an order that is not open nothing begins anew.
      const open = openOrders().find((one) => one.id === id)
      const isOver = (job: Job) => (open === undefined ? isFinished(job) : isJobOver(open, { platform: known.name, job }))
      if (jobs !== null)
        clusters.set(
          id,
          jobs.map((job) => ({ job, isOver: isOver(job) }))
        )
    }
    return clusters
  }
}

/** Orders whose clusters are still asked about: a Ray job that has its id knows where it is. */
function idsOf(order: LiveOrder, platform: string): Set<string> {
  return new Set(
    order.status.jobs.flatMap((job) => {
      const isAsking = job.state.kind === 'preparing' || job.state.kind === 'submitting'
      const ray = isAsking ? partOf(order, platform, job)?.jobs[job.index]?.ray : undefined
      return (ray === undefined ? null : readClusterReference(ray))?.orchestration ?? []
    })
  )
}
