import { isOnPlatform, type Job, slurmJobIdOf } from '@lautta/core/job/job'
import type { JobEffect, JobEvent } from '@lautta/core/job/job-event'
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
  return acceptedAt === null || !isOtherJob(identity, { token: tokenOf(order, job), acceptedAt })
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

/** Tells the job what was seen of it. */
export async function tellJob({ order, job }: WatchedJob, event: JobEvent, take: TakeEffects): Promise<void> {
  take(order, job.index, await order.feed(job.index, event, job))
}
