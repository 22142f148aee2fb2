import { type OrderDocument, taskControlKinds } from '../documents/order-document.ts'
import type { BegunTry } from '../object-names.ts'
import type { Job } from './job.ts'

/** What the order objects say of one job, whatever the sequence in which they were read. */
export interface JobOrders {
  /** Attempts that a start allows, with the time of the earliest order for each. */
  starts: ReadonlyMap<number, string>
  /** Attempts that a stop names, likewise. */
  stops: ReadonlyMap<number, string>
  /** What is to be done once to an attempt on the platform, in sequence. */
  controls: readonly ControlOrder[]
  /** The highest try that was begun, for attempts of which any was. */
  tries: ReadonlyMap<number, Pick<BegunTry, 'try' | 'version' | 'estimate'>>
}

/** What is to be done once to an attempt: a hold, a release or a requeue; or one of these, or a cancel, of one task of an array. */
export interface ControlOrder {
  id: string
  order: (typeof taskControlKinds)[number]
  task: number | null
  attempt: number
}

type DoneControl = Pick<ControlOrder, 'id' | 'order' | 'task'>

/** Folds the order objects, and the tries that were begun, that concern the job. A set is folded: orders may come twice and in any sequence. */
export function foldOrders(
  orders: readonly OrderDocument[],
  tries: readonly BegunTry[],
  platform: string,
  index: number
): JobOrders {
  const mine = orders.filter((order) => (order.platform ?? platform) === platform && (order.index ?? index) === index)
  return {
    starts: earliestByAttempt(mine.filter(({ order }) => order === 'start')),
    stops: earliestByAttempt(mine.filter((one) => ['stop', 'cancel'].includes(one.order) && !isControl(one))),
    controls: controlsIn(mine),
    tries: highestByAttempt(tries.filter((begun) => begun.platform === platform && begun.index === index))
  }
}

/** The orders without the starts of versions newer than the one that could be read: such a start waits for its own. */
export function ordersUpTo(version: number | null, orders: readonly OrderDocument[]): OrderDocument[] {
  return orders.filter((one) => one.order !== 'start' || version === null || (one.version ?? 0) <= version)
}

/** The attempt that the newest start asks for; 0 when none stands. */
export function startedAttempt({ starts }: JobOrders): number {
  return Math.max(0, ...starts.keys())
}

/**
 * When a stop ended this attempt, or null. stop(n) ends the attempts up to n and the retries that follow them: those
 * that run under a start of at most n.
 */
export function stopOf({ starts, stops }: JobOrders, attempt: number): string | null {
  const start = Math.max(0, ...[...starts.keys()].filter((started) => started <= attempt))
  const [earliest] = [...stops]
    .filter(([stopped]) => stopped >= Math.max(start, 1))
    .map(([, at]) => at)
    .sort()
  return earliest ?? null
}

/** When the attempt was ordered, or null: a retry runs under the start before it. */
export function startOf({ starts }: JobOrders, attempt: number): string | null {
  const [latest] = [...starts].filter(([started]) => started <= attempt).sort(([a], [b]) => b - a)
  return latest?.[1] ?? null
}

/**
 * The first control of an attempt that is to be carried out; with the cancel of a task those of others that come next, which
 * are carried out together. Of hold and release the last one
 * counts, of each task and of the job as a whole: one that becomes known after a later one was carried out is none any more.
 */
export function nextControls({ controls }: JobOrders, attempt: number, done: readonly DoneControl[]): ControlOrder[] {
  const ids = new Set(done.map(({ id }) => id))
  const switches = done.filter(isSwitch)
  const isLate = (one: ControlOrder) => isSwitch(one) && switches.some((than) => than.task === one.task && than.id > one.id)
  const owed = controls.filter((one) => one.attempt === attempt && !ids.has(one.id) && !isLate(one))
  const cancels = owed.findIndex(({ order }) => order !== 'cancel')
  return owed.slice(0, cancels === -1 ? owed.length : Math.max(cancels, 1))
}

const isSwitch = ({ order }: DoneControl): boolean => order === 'hold' || order === 'release'

/** Whether an attempt is to be held: the last hold or release says. */
export function isHeld({ controls }: JobOrders, attempt: number): boolean {
  return controls.findLast((one) => one.attempt === attempt && one.task === null && isSwitch(one))?.order === 'hold'
}

/**
 * Whether a try was begun of which the job, as it was saved, may not know. It may know the number, and yet not the version
 * of an adopted request that was submitted, nor what that may cost.
 */
export function isAheadOf(
  { attempt, state, preparedAt, version, estimate }: Pick<Job, 'attempt' | 'state' | 'preparedAt' | 'version' | 'estimate'>,
  begun: BegunTry
): boolean {
  if (begun.attempt !== attempt) return begun.attempt > attempt
  if (state.kind === 'submitting') {
    return begun.try > state.try || (begun.try === state.try && (version !== null || estimate === null))
  }
  const isUnsubmitted = state.kind === 'finished' && state.slurmJobId === null && preparedAt === null
  return state.kind === 'declared' || state.kind === 'preparing' || isUnsubmitted
}

/** Whether an order is carried out once on the platform: also the cancel of one task, while that of a job is a stop. */
export function isControl({ order, task }: Pick<OrderDocument, 'order' | 'task'>): boolean {
  return order === 'cancel' ? task !== undefined : taskControlKinds.some((kind) => kind === order)
}

function controlsIn(orders: readonly OrderDocument[]): ControlOrder[] {
  const found = orders.filter(isControl).flatMap(({ id, order, attempt, at, task = null }) => {
    const kind = taskControlKinds.find((one) => one === order)
    return kind === undefined ? [] : [{ id: id ?? at, order: kind, task, attempt }]
  })
  // Ids begin with the time.
  return found.sort((a, b) => (a.id < b.id ? -1 : 1))
}

function earliestByAttempt(orders: readonly OrderDocument[]): Map<number, string> {
  const byAttempt = new Map<number, string>()
  for (const { attempt, at } of orders) {
    const known = byAttempt.get(attempt)
    if (known === undefined || at < known) byAttempt.set(attempt, at)
  }
  return byAttempt
}

function highestByAttempt(tries: readonly BegunTry[]): Map<number, BegunTry> {
  const byAttempt = new Map<number, BegunTry>()
  for (const begun of tries) {
    if (begun.try > (byAttempt.get(begun.attempt)?.try ?? 0)) byAttempt.set(begun.attempt, begun)
  }
  return byAttempt
}
