import { assertNever } from '../assert-never.ts'
import { foldTaskNews } from './array-news.ts'
import { queuedTasks } from './array-tasks.ts'
import { finishControl, takeControl } from './control-job.ts'
import { followUp, retryAfter } from './follow-up.ts'
import { forgottenTry, recallEstimate } from './forgotten-try.ts'
import { type Attempt, type FinishedState, isFinished, type Job, type JobState, type WaitingCondition } from './job.ts'
import type { Ending, JobEffect, JobEvent } from './job-event.ts'
import { type JobOrders, startedAttempt, startOf, stopOf } from './orders.ts'
import { needNotMet, takeNeeds, waitsForNeed } from './take-needs.ts'
import { knownLogs } from './task-log.ts'

/** The job after an event, what to do next, and the words for the history when something changed. */
export interface Transition {
  job: Job
  effects: JobEffect[]
  reason: string | null
}

type OrdersRead = Extract<JobEvent, { type: 'ordersRead' }>
type StateOf<Kind extends JobState['kind']> = Extract<JobState, { kind: Kind }>

/**
 * The life of one job: the only place where its state changes. An event that does not fit the state leaves the job as
 * it is, because late and repeated news are normal. `at` is when the event was seen.
 */
export function reduceJob(job: Job, event: JobEvent, at: string): Transition {
  if (event.type === 'waited') return waitsForNeed(job) ? keep(job) : wait(job, event.on, event.reason)
  if (event.type === 'noticed') return { job, effects: [], reason: event.notice }
  if (event.type === 'storedSeen') return keep(markCollected(job, event.attempt, 'stored'))
  if (event.type === 'collectingGivenUp')
    return { job: markCollected(job, event.attempt, 'given-up'), effects: [], reason: event.reason }
  const { state } = job
  switch (state.kind) {
    case 'declared':
      return event.type === 'ordersRead' ? takeOrders(job, event, at) : keep(job)
    case 'preparing':
      return reducePreparing(job, event, at)
    case 'submitting':
      return reduceSubmitting(job, state, event, at)
    case 'queued':
    case 'running': {
      const news = foldTaskNews(job, event)
      const transition = reduceOnPlatform(news.job, state, news.event, at)
      return { ...transition, reason: transition.reason ?? news.notice }
    }
    case 'finishing':
      // A stop that comes now ends the retries.
      if (event.type === 'ordersRead') return rememberStop(job, event.orders, [])
      return event.type === 'filesBrought' ? endAttempt(job, { ...state, kind: 'finished', collecting: 'owed' }, at) : keep(job)
    case 'finished':
      return event.type === 'ordersRead' ? reduceFinished(job, state, event, at) : keep(job)
    default:
      return assertNever(state)
  }
}

/** What a submitter that knows only the saved state must do, since it cannot know what was done before. */
export function effectsOwed(job: Job): JobEffect[] {
  const { state } = job
  switch (state.kind) {
    case 'declared':
      return []
    case 'preparing':
      return waitsForNeed(job) ? [] : ['prepare']
    case 'submitting':
      return [state.answerLost || job.stopOrderedAt !== null ? 'findSubmission' : 'submit']
    case 'queued':
    case 'running':
      if (job.stopOrderedAt !== null) return ['cancel']
      return job.control === null ? [] : ['control']
    case 'finishing':
      return ['bringFiles', 'askToCollect']
    case 'finished':
      return state.collecting === 'owed' ? ['askToCollect'] : []
    default:
      return assertNever(state)
  }
}

function reducePreparing(job: Job, event: JobEvent, at: string): Transition {
  switch (event.type) {
    case 'ordersRead': {
      const begun = recallTry(job, event.orders, 0, at)
      if (begun !== null) return begun
      const stoppedAt = stopOf(event.orders, job.attempt)
      return stoppedAt === null
        ? takeVersion(job, event)
        : endUnsubmitted({ ...job, stopOrderedAt: stoppedAt }, 'cancelled', 'stopped before it was submitted', at)
    }
    case 'needsRead':
      return takeNeeds(job, event.stand) ?? endUnsubmitted(job, 'cancelled', needNotMet, at)
    case 'preparationGoesOn':
      return keep(waitsForNeed(job) ? job : progress(job))
    case 'prepared':
      if (waitsForNeed(job)) return keep(job)
      return move(job, { kind: 'submitting', try: 1, answerLost: false }, { facts: { preparedAt: at }, effects: ['submit'] })
    case 'preparationRefused':
      return waitsForNeed(job) ? keep(job) : endUnsubmitted(job, 'failed', event.reason, at)
    default:
      return keep(job)
  }
}

function reduceSubmitting(job: Job, state: StateOf<'submitting'>, event: JobEvent, at: string): Transition {
  switch (event.type) {
    case 'ordersRead':
      // First know whether there is a job: only then is there something to cancel, or nothing.
      return (
        recallTry(job, event.orders, state.try, at) ??
        rememberStop(recallEstimate(job, event.orders), event.orders, ['findSubmission'])
      )
    case 'arrayComposed':
      return keep({ ...job, array: event.array })
    case 'estimated':
      return keep({ ...job, estimate: event.estimate })
    case 'submissionAccepted': {
      const { slurmJobId } = event
      const { outPath, errPath } = knownLogs(event, job.array)
      return move(
        job,
        { kind: 'queued', slurmJobId, reason: null },
        { facts: { submittedAt: at, outPath, errPath, tasks: queuedTasks(job) }, reason: `SLURM job ${slurmJobId}` }
      )
    }
    case 'submissionRefused':
      return endUnsubmitted(job, 'failed', event.reason, at)
    case 'limitReached':
      if (job.stopOrderedAt !== null) return endUnsubmitted(job, 'cancelled', 'stopped before it was submitted', at)
      // The try is used up.
      return wait({ ...job, state: { ...state, try: state.try + 1, answerLost: false } }, 'limit', event.reason)
    case 'answerLost':
      if (state.answerLost) return { job, effects: ['findSubmission'], reason: null }
      return {
        ...move(job, { ...state, answerLost: true }, { effects: ['findSubmission'] }),
        reason: 'the answer to sbatch was lost: looking for the job'
      }
    case 'submissionNotFound':
      if (job.stopOrderedAt !== null) return endUnsubmitted(job, 'cancelled', 'stopped before it was submitted', at)
      return move(
        job,
        { kind: 'submitting', try: state.try + 1, answerLost: false },
        { effects: ['submit'], reason: 'nothing was submitted: submitting again' }
      )
    default:
      return keep(job)
  }
}

function reduceOnPlatform(job: Job, state: StateOf<'queued'> | StateOf<'running'>, event: JobEvent, at: string): Transition {
  const { slurmJobId } = state
  switch (event.type) {
    case 'ordersRead':
      return stopOf(event.orders, job.attempt) === null
        ? takeControl(job, event.orders)
        : rememberStop(job, event.orders, ['cancel'])
    case 'controlDone':
      return finishControl(job, event, at)
    case 'observed': {
      const startedAt = event.startedAt ?? at
      if (event.phase === 'running') {
        if (state.kind === 'queued') return move(job, { kind: 'running', slurmJobId }, { facts: { startedAt } })
        // It was requeued and started again between two looks.
        const hasRestarted = event.startedAt !== null && job.startedAt !== null && event.startedAt > job.startedAt
        if (!hasRestarted) return keep(progress(job))
        return move({ ...job, restart: job.restart + 1 }, state, { facts: { startedAt }, reason: 'requeued' })
      }
      const queued: JobState = { kind: 'queued', slurmJobId, reason: event.reason }
      // SLURM's order is not monotonic: a requeued job waits again.
      return state.kind === 'running'
        ? move({ ...job, restart: job.restart + 1 }, queued, { facts: { startedAt: null }, reason: 'requeued' })
        : keep(progress({ ...job, state: queued }))
    }
    case 'goneFromScheduler':
      return { job, effects: ['findAccounting'], reason: null }
    case 'accountingFound':
      return finish(job, slurmJobId, event.ending, at)
    case 'neverHeardOf': {
      const reason = `accounting never heard of job ${slurmJobId}`
      return finish(job, slurmJobId, { outcome: 'lost', exitCode: null, reason, startedAt: null, endedAt: null }, at)
    }
    default:
      return keep(job)
  }
}

function takeOrders(job: Job, { orders, version = null, isDropped = false, retries = [] }: OrdersRead, at: string): Transition {
  const attempt = Math.max(job.attempt, startedAttempt(orders))
  const moments = { startOrderedAt: startOf(orders, attempt), stopOrderedAt: stopOf(orders, attempt) }
  const ordered = { ...job, attempt, version, retries, ...moments }
  const begun = recallTry(ordered, orders, 0, at)
  if (begun !== null) return begun
  if (ordered.stopOrderedAt !== null) return endUnsubmitted(ordered, 'cancelled', 'stopped before it started', at)
  if (ordered.startOrderedAt === null || isDropped) return keep(job)
  return move(ordered, { kind: 'preparing' }, { facts: { preparingAt: at }, effects: ['prepare'] })
}

/** Before anything was submitted, a newer version of the request counts: the job is prepared again. */
function takeVersion(job: Job, { orders, version = null, retries = [] }: OrdersRead): Transition {
  // A listing may fall back to an older version.
  if (version === null || version <= (job.version ?? 0)) return keep(job)
  // One that is a retry itself has what is left of them.
  const left = startedAttempt(orders) === job.attempt ? retries : job.retries
  const reason = 'a newer version of the request counts from now on'
  return { job: { ...job, version, retries: left }, effects: waitsForNeed(job) ? [] : ['prepare'], reason }
}

function reduceFinished(job: Job, state: FinishedState, event: OrdersRead, at: string): Transition {
  // Never prepared, and yet a submission was begun: this end was written late, over a state that knew more.
  const isUnsubmitted = state.slurmJobId === null && job.preparedAt === null
  const begun = isUnsubmitted ? recallTry(job, event.orders, 0, at) : null
  return begun ?? startAgain(job, state, event, at)
}

/** A start of a higher attempt runs a job again that did not complete; what was keeps its place among the earlier ones. */
function startAgain(job: Job, state: FinishedState, event: OrdersRead, at: string): Transition {
  const attempt = startedAttempt(event.orders)
  if (state.outcome === 'completed' || attempt <= job.attempt || event.isDropped) return keep(job)
  return takeOrders({ ...followUp(job, attempt), state }, event, at)
}

/** The attempt is over. When its outcome is one after which the job is to be run again, the next one begins at once. */
function endAttempt(job: Job, state: FinishedState, at: string): Transition {
  const ended: Job = { ...job, state, waiting: null }
  const again = retryAfter(job, state.outcome)
  if (again === null) return { job: ended, effects: ['askToCollect'], reason: state.reason }
  const { cause, left } = again
  const next = { ...followUp(ended, job.attempt + 1), version: job.version, retries: left }
  const words = `run again after ${cause}; ${left.filter((one) => one === cause).length} more times if need be`
  return move(
    next,
    { kind: 'preparing' },
    { facts: { startOrderedAt: at, preparingAt: at }, effects: ['prepare'], reason: words }
  )
}

/** A submission was begun that the saved state did not know of: whether there is a job is found out first. */
function recallTry(job: Job, orders: JobOrders, knownTry: number, at: string): Transition | null {
  const begun = forgottenTry(job, orders, knownTry)
  if (begun === null) return null
  const reason = 'a submission was begun that the saved state did not know of: looking for the job'
  // It was prepared before: so this end is not taken for a late one again.
  const facts = { preparedAt: job.preparedAt ?? at, version: begun.version ?? job.version }
  const state = { kind: 'submitting' as const, try: begun.try, answerLost: true }
  return move(recallEstimate(job, orders), state, { facts, effects: ['findSubmission'], reason })
}

function rememberStop(job: Job, orders: JobOrders, effects: JobEffect[]): Transition {
  const stopOrderedAt = stopOf(orders, job.attempt)
  return stopOrderedAt === null ? keep(job) : { job: { ...job, stopOrderedAt }, effects, reason: null }
}

function finish(job: Job, slurmJobId: string, ending: Ending, at: string): Transition {
  const { outcome, exitCode, reason, startedAt, endedAt } = ending
  return move(
    job,
    { kind: 'finishing', slurmJobId, outcome, exitCode, reason },
    {
      facts: { startedAt: startedAt ?? job.startedAt, endedAt: endedAt ?? at, endSeenAt: at },
      effects: ['bringFiles', 'askToCollect'],
      reason
    }
  )
}

/** An attempt that never had a SLURM id has no log and no accounting: it is stored when it ends. */
function endUnsubmitted(job: Job, outcome: 'failed' | 'cancelled', reason: string, at: string): Transition {
  return move(
    job,
    { kind: 'finished', slurmJobId: null, outcome, exitCode: null, reason, collecting: 'stored' },
    { facts: { endedAt: at, endSeenAt: at }, reason }
  )
}

/** Waiting is told once, not in every pass in which it goes on. */
function wait(job: Job, on: WaitingCondition, reason: string): Transition {
  return isFinished(job) || job.waiting === on ? keep(job) : { job: { ...job, waiting: on }, effects: [], reason }
}

function markCollected(job: Job, attempt: number, collecting: FinishedState['collecting']): Job {
  const mark = <Of extends Attempt>(of: Of): Of =>
    isFinished(of) && of.attempt === attempt ? { ...of, state: { ...of.state, collecting } } : of
  return { ...mark(job), earlier: job.earlier.map(mark) }
}

function move(
  job: Job,
  state: JobState,
  { facts = {}, effects = [], reason = null }: { facts?: Partial<Job>; effects?: JobEffect[]; reason?: string | null } = {}
): Transition {
  return { job: { ...progress(job), ...facts, state }, effects, reason }
}

const keep = (job: Job): Transition => ({ job, effects: [], reason: null })

const progress = (job: Job): Job => (job.waiting === null ? job : { ...job, waiting: null })
