import type { OrderDocument } from '../documents/order-document.ts'
import { isFinished, type Job } from '../job/job.ts'
import { jobsOf, type KnownOrder } from './answer.ts'
import type { Orchestration } from './dictionary.ts'

/** What a user orders for a whole orchestration, for one platform, or for one job of it. */
export type NewOrder = Pick<OrderDocument, 'order' | 'attempt' | 'platform' | 'index'>

/** Seed 000's flags `start` and `cancel` in a request are orders. */
export function ordersInRequest({ platforms }: Orchestration): NewOrder[] {
  return Object.entries(platforms).flatMap(([platform, { jobs }]) =>
    jobs.flatMap(({ status }, index) => [
      ...(status.start ? [{ order: 'start' as const, attempt: 1, platform, index }] : []),
      ...(status.cancel ? [{ order: 'stop' as const, attempt: 1, platform, index }] : [])
    ])
  )
}

/** The first start, or, when all jobs have ended and some did not complete, the next attempt; null when there is nothing to start. */
export function startOrder(known: KnownOrder): NewOrder | null {
  const jobs = allJobs(known)
  const begun = jobs.filter(({ state }) => state.kind !== 'declared').map(({ attempt }) => attempt)
  const highest = Math.max(0, ...startedAttempts(known), ...begun)
  const isOver = jobs.every(isFinished)
  if (highest > 0 && !(isOver && jobs.some((job) => isFinished(job) && job.state.outcome !== 'completed'))) return null
  return { order: 'start', attempt: highest + 1 }
}

/** Ends the present attempts; null when all have ended. */
export function stopOrder(known: KnownOrder): NewOrder | null {
  const jobs = allJobs(known)
  if (jobs.every(isFinished)) return null
  return { order: 'stop', attempt: Math.max(1, ...startedAttempts(known), ...jobs.map(({ attempt }) => attempt)) }
}

function startedAttempts({ orders }: KnownOrder): number[] {
  return orders.filter(({ order }) => order === 'start').map(({ attempt }) => attempt)
}

function allJobs(known: KnownOrder): Job[] {
  return Object.keys(known.request.request.platforms).flatMap((platform) => jobsOf(known, platform))
}
