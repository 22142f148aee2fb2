import type { ControlKind, OrderDocument } from '../documents/order-document.ts'
import { declareJob, isOnPlatform, type Job } from '../job/job.ts'
import { foldOrders, isControl, startedAttempt, stopOf } from '../job/orders.ts'
import type { Orchestration } from './dictionary.ts'
import { allJobsOf, isJobOver, isNamed, type KnownJob, type KnownOrder } from './known-order.ts'

/** What a user orders for a whole orchestration, for one platform, for one job of it, or for one task. */
export type NewOrder = Pick<OrderDocument, 'order' | 'attempt' | 'platform' | 'index' | 'task'>

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
  const jobs = allJobsOf(known).filter(({ platform, job }) => isNamed(known, platform, job.index))
  const declared = jobs.filter((one) => isLeftDeclared(known, one))
  // What was ordered for a job that nobody had started yet is of the attempt that begins now.
  const counted = known.orders.filter((order) => !isControl(order))
  const next = 1 + Math.max(0, ...counted.map(({ attempt }) => attempt), ...jobs.map(attemptBegun))
  if (jobs.length > 0 && declared.length === jobs.length) return [{ order: 'start', attempt: next }]
  if (declared.length > 0) return declared.map((one) => startOfOne(known, one))
  const isOver = jobs.every((one) => isJobOver(known, one))
  return isOver && jobs.some(({ job }) => !isCompleted(job)) ? [{ order: 'start', attempt: next }] : []
}

/** Ends the present attempts; empty when all have ended. */
export function stopOrders(known: KnownOrder): NewOrder[] {
  const jobs = allJobsOf(known)
  if (jobs.every((one) => isJobOver(known, one))) return []
  const started = known.orders.filter(({ order }) => order === 'start').map(({ attempt }) => attempt)
  return [{ order: 'stop', attempt: Math.max(1, ...started, ...jobs.map(({ job }) => job.attempt)) }]
}

/** What is ordered for one job, or why it can't be. */
export type JobDecision = { orders: NewOrder[] } | { conflict: string; hint: string }

/** Cancels, holds, releases or requeues the present attempt of one job; a cancel of one that has ended changes nothing. */
export function controlOrders(known: KnownOrder, one: KnownJob, order: 'cancel' | ControlKind): JobDecision {
  const { platform, job } = one
  const attempt = presentAttempt(known, one)
  const orders = [{ order, attempt, platform, index: job.index }]
  if (order === 'cancel') return { orders: isJobOver(known, one) ? [] : orders }
  if (openAttempt(known, one) === null)
    return { conflict: 'the job has ended', hint: 'start the order again: what did not complete runs once more' }
  if (order === 'requeue' && !isOnPlatform(job))
    return { conflict: 'the job has not been submitted yet', hint: 'only a job that runs can be requeued' }
  // Of an array that runs, SLURM holds the tasks that wait.
  const canBeHeld = job.state.kind !== 'running' || job.tasks.some(({ state }) => state === 'queued')
  if (order === 'hold' && !canBeHeld)
    return {
      conflict: 'the job runs already',
      hint: 'only a job that has not begun can be held; stop it, or requeue and hold it'
    }
  return { orders }
}

/** The attempt that an order for one job or task is about; null when it has ended, or is about to be over. */
export function openAttempt(known: KnownOrder, one: KnownJob): number | null {
  return isJobOver(known, one) || one.job.state.kind === 'finishing' ? null : presentAttempt(known, one)
}

function presentAttempt(known: KnownOrder, { platform, job }: KnownJob): number {
  return Math.max(1, standOf(known, platform, job.index).present)
}

/**
 * The orders that follow from a new version of an adopted request. A flag that was false in the version that stood
 * before, or was not there, is an order; a start of an ended job is its next attempt. A job that is not in the new
 * version any more is stopped, as long as it was not submitted.
 */
export function ordersInVersion(known: KnownOrder, before: Orchestration | null, after: Orchestration): NewOrder[] {
  const flagged = Object.entries(after.platforms).flatMap(([platform, { jobs }]) =>
    jobs.flatMap(({ status }, index) => {
      const former = before?.platforms[platform]?.jobs[index]?.status ?? { start: false, cancel: false }
      const { present, next, isOpen, isStopped, isCompleted } = standOf(known, platform, index)
      const isStart = status.start && !former.start && !isCompleted && (!isOpen || isStopped)
      const isStop = status.cancel && !former.cancel && (isStart || isOpen || present === 0)
      return [
        ...(isStart ? [{ order: 'start' as const, attempt: next, platform, index }] : []),
        ...(isStop ? [{ order: 'stop' as const, attempt: isStart ? next : Math.max(1, present), platform, index }] : [])
      ]
    })
  )
  const dropped = allJobsOf(known).flatMap(({ platform, job: { state, index } }) => {
    const { present, isOpen, isStopped } = standOf(known, platform, index)
    const isSubmitted = !['declared', 'preparing', ...(isOpen ? ['finished'] : [])].includes(state.kind)
    if (after.platforms[platform]?.jobs[index] !== undefined || isSubmitted || isStopped) return []
    return [{ order: 'stop' as const, attempt: Math.max(1, present), platform, index }]
  })
  return [...flagged, ...dropped]
}

/** How a job stands, by its status and by orders that the submitter may not have taken in yet. */
function standOf({ orders, statuses }: KnownOrder, platform: string, index: number) {
  const { state, attempt } = statuses.get(platform)?.jobs[index] ?? declareJob(index)
  const mine = foldOrders(orders, [], platform, index)
  const begun = state.kind === 'declared' ? 0 : attempt
  const started = startedAttempt(mine)
  /** The attempt that was ordered last; 0 when none was. */
  const present = Math.max(begun, started)
  return {
    present,
    next: 1 + Math.max(begun, 0, ...mine.starts.keys(), ...mine.stops.keys()),
    isOpen: present > 0 && !(state.kind === 'finished' && started <= attempt),
    isStopped: stopOf(mine, Math.max(1, present)) !== null,
    isCompleted: state.kind === 'finished' && state.outcome === 'completed'
  }
}

/** Whether a job was never started, or stopped before its start was taken in. */
function isLeftDeclared(known: KnownOrder, { platform, job: { state, index } }: KnownJob): boolean {
  const { present, isStopped } = standOf(known, platform, index)
  return state.kind === 'declared' && (present === 0 || isStopped)
}

function startOfOne(known: KnownOrder, { platform, job: { index } }: KnownJob): NewOrder {
  return { order: 'start', attempt: standOf(known, platform, index).next, platform, index }
}

function attemptBegun({ job }: KnownJob): number {
  return job.state.kind === 'declared' ? 0 : job.attempt
}

function isCompleted({ state }: Job): boolean {
  return state.kind === 'finished' && state.outcome === 'completed'
}
