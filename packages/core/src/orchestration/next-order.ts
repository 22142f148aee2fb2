import type { OrderDocument } from '../documents/order-document.ts'
import type { Job } from '../job/job.ts'
import { foldOrders, startedAttempt, stopOf } from '../job/orders.ts'
import { isJobOver, jobsOf, type KnownOrder } from './answer.ts'
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

/**
 * The first start; starts of those jobs that were left declared; or, when all have ended and some did not complete, the
 * next attempt. Empty when there is nothing to start.
 */
export function startOrders(known: KnownOrder): NewOrder[] {
  const jobs = jobsByPlatform(known)
  const declared = jobs.filter(({ platform, job }) => isLeftDeclared(known, platform, job))
  const next = 1 + Math.max(0, ...known.orders.map(({ attempt }) => attempt), ...jobs.map(attemptBegun))
  if (declared.length === jobs.length) return [{ order: 'start', attempt: next }]
  if (declared.length > 0) return declared.map(({ platform, job }) => startOfOne(known, platform, job))
  const isOver = jobs.every(({ platform, job }) => isJobOver(known, platform, job))
  return isOver && jobs.some(({ job }) => !isCompleted(job)) ? [{ order: 'start', attempt: next }] : []
}

/** Ends the present attempts; empty when all have ended. */
export function stopOrders(known: KnownOrder): NewOrder[] {
  const jobs = jobsByPlatform(known)
  if (jobs.every(({ platform, job }) => isJobOver(known, platform, job))) return []
  const started = known.orders.filter(({ order }) => order === 'start').map(({ attempt }) => attempt)
  return [{ order: 'stop', attempt: Math.max(1, ...started, ...jobs.map(({ job }) => job.attempt)) }]
}

/** Whether a job was never started, or stopped before its start was taken in. */
function isLeftDeclared({ orders }: KnownOrder, platform: string, { state, attempt, index }: Job): boolean {
  const mine = foldOrders(orders, [], platform, index)
  return (
    state.kind === 'declared' && (startedAttempt(mine) === 0 || stopOf(mine, Math.max(attempt, startedAttempt(mine))) !== null)
  )
}

function startOfOne({ orders }: KnownOrder, platform: string, { index }: Job): NewOrder {
  const { starts, stops } = foldOrders(orders, [], platform, index)
  return { order: 'start', attempt: 1 + Math.max(0, ...starts.keys(), ...stops.keys()), platform, index }
}

function attemptBegun({ job }: { job: Job }): number {
  return job.state.kind === 'declared' ? 0 : job.attempt
}

function isCompleted({ state }: Job): boolean {
  return state.kind === 'finished' && state.outcome === 'completed'
}

function jobsByPlatform(known: KnownOrder): { platform: string; job: Job }[] {
  return Object.keys(known.request.request.platforms).flatMap((platform) =>
    jobsOf(known, platform).map((job) => ({ platform, job }))
  )
}
