import { isOnPlatform, type Job, slurmJobIdOf } from '@lautta/core/job/job'
import type { JobEffect, JobEvent } from '@lautta/core/job/job-event'
import { mapLimited } from '@lautta/core/map-limited'
import { isOtherJob } from '@lautta/platforms/is-other-job'
import type { JobIdentity } from '@lautta/platforms/scheduler'
import type { LiveOrder } from './live-order.ts'

/** A job that is on the platform, by SLURM's id. */
export interface WatchedJob {
  order: LiveOrder
  job: Job
  id: string
}

/** The token of the job's present attempt. */
export type TokenOf = (order: LiveOrder, job: Job) => string

/** Whether the platform speaks of this job, and not of a later one that got the same id. */
export function isSaidOf({ order, job }: WatchedJob, identity: JobIdentity, tokenOf: TokenOf): boolean {
  const { submittedAt: acceptedAt } = job
  return acceptedAt === null || !isOtherJob(identity, { token: () => tokenOf(order, job), acceptedAt })
}

/** Takes what a job owes after something was told to it. */
export type TakeEffects = (order: LiveOrder, index: number, effects: JobEffect[]) => void

/** All jobs of the orders that are on the platform. */
export function watchedJobs(orders: readonly LiveOrder[]): WatchedJob[] {
  return orders.flatMap((order) =>
    order.status.jobs.filter(isOnPlatform).flatMap((job) => {
      const id = slurmJobIdOf(job)
      return id === null ? [] : [{ order, job, id }]
    })
  )
}

// Orders that are written at a time.
const mostOrders = 32

/** Tells jobs what was seen of them; those of one order together, so that they are saved together. */
export async function tellJobs(told: readonly (readonly [WatchedJob, JobEvent])[], take: TakeEffects): Promise<void> {
  const byOrder = new Map<LiveOrder, (readonly [WatchedJob, JobEvent])[]>()
  for (const one of told) {
    const { order } = one[0]
    byOrder.set(order, [...(byOrder.get(order) ?? []), one])
  }
  await mapLimited([...byOrder.values()], mostOrders, (ofOne) =>
    Promise.all(ofOne.map(async ([{ order, job }, event]) => take(order, job.index, await order.feed(job.index, event, job))))
  )
}
