import { CredentialsError, type LauttaError } from '@lautta/core/errors'
import type { Job } from '@lautta/core/job/job'
import { isSettled } from '@lautta/core/job/settled'
import { waitsForNeed } from '@lautta/core/job/take-needs'
import { mapLimited } from '@lautta/core/map-limited'
import type { Scheduler } from '@lautta/platforms/scheduler'
import { createActing } from './acting.ts'
import { type Admission, countListed, createAdmission } from './admission.ts'
import { type Backoff, createBackoff } from './backoff.ts'
import { createCollecting } from './collecting.ts'
import { type Connection, createConnection } from './connection.ts'
import { createDriving } from './driving.ts'
import { createSessionForwards } from './forwards/session-forwards.ts'
import { createHeldLease } from './held-lease.ts'
import { createTurns } from './in-turn.ts'
import { createKnownEnvironment } from './known-environment.ts'
import { createKnownLimits } from './known-limits.ts'
import type { LiveOrder } from './live-order.ts'
import { createObserver, type Observer } from './observe-platform.ts'
import { createOrderBook } from './order-book.ts'
import { createOrderLoader } from './order-loader.ts'
import { createFindJobs, createOtherClusters } from './other-clusters.ts'
import { createQuestions, type Questions } from './questions.ts'
import { LeaseLostError, type SessionPorts } from './session-ports.ts'

/** How a pass went: `elsewhere` when another process holds the lease. */
type PassResult = 'done' | 'elsewhere'

/** Everything that one user has on one platform: the only actor there, while it holds the lease. */
export interface Session {
  /** One pass: read, observe, reduce, save, act. Null during a pass, which one more will follow. */
  run(): Promise<PassResult | null>
  /** Does something on the platform that changes nothing there, over the connection of the passes, knowing what they know. */
  ask: Questions['ask']
  /** The next pass looks at the platform, however young the last look is. */
  expire(): void
  /** Waits for what is under way, and gives the lease back. */
  close(): Promise<void>
}

// Orders that are read or written at a time.
const mostOrders = 16

const isOpen = ({ status }: LiveOrder): boolean => status.jobs.some((job) => !isSettled(job))
/** Whether something is to be done on the platform: where jobs only wait for other ones, nothing is, until those have ended. */
const hasWork = ({ status }: LiveOrder): boolean => status.jobs.some((job) => !isSettled(job) && !waitsForNeed(job))

export function createSession(ports: SessionPorts): Session {
  const { user, known, now, logger } = ports
  const lease = createHeldLease(ports.acquireLease)
  const loader = createOrderLoader(ports, lease.current)
  const environment = createKnownEnvironment(ports)
  const book = createOrderBook(ports, loader, environment)
  const findJobs = createFindJobs(ports, book.orders)
  const otherClusters = createOtherClusters(ports, findJobs, book.orders)
  const collecting = createCollecting(ports)
  const backoff = createBackoff(known.pollSeconds, now)
  const connection = createConnection(ports)
  const admission = createAdmission(ports)
  const limits = createKnownLimits(now)
  const observer = createSessionObserver(ports, connection, admission)

  const fail = (error: LauttaError): void => noteFailure(backoff, error)
  /** Anything else that went wrong is the caller's. */
  const loseLease = (error: unknown): 'elsewhere' => {
    if (!(error instanceof LeaseLostError)) throw error
    logger.warn({ user, platform: known.name, error: error.message }, 'lease lost')
    lease.lose(error)
    return 'elsewhere'
  }
  const acting = createActing({
    ...{ ports, platform: connection.open, onFailure: fail, onAnswer: backoff.end, onLeaseLost: loseLease },
    ...{ admission, environment, limits, askToCollect: collecting.askNow, beginTry: loader.beginTry },
    ...{ isBackingOff: backoff.isOn, onAsked: observer.quicken, otherClusters }
  })
  const { tellOrders, drive } = createDriving({ ports, connection, admission, observer, acting, backoff, fail, otherClusters })
  const forwards = createSessionForwards({ ports, lease, connection, backoff, fail, findJobs })
  const onInterruption = (): void => {
    for (const one of [book, forwards]) one.reset()
  }

  /** Whether the next pass has something to look at, though nobody asks for it. */
  const hasMore = (): boolean => forwards.areOpen() || book.orders().some(hasWork)
  const closeWhenIdle = (): void => {
    if (!questions.areOpen() && !acting.isBusy() && !hasMore()) connection.close()
  }

  const pass = async (): Promise<PassResult> => {
    if ((await lease.hold(onInterruption)) === 'elsewhere') return 'elsewhere'
    // Before anything else: should this process die in the pass, the clock is what makes another one go on.
    await ports.queues.setClock({ user, platform: known.name }, known.pollSeconds)
    const hinted = await book.refresh()
    await mapLimited(book.orders(), mostOrders, tellOrders)
    const open = book.orders().filter(isOpen)
    const due = open.filter(hasWork)
    if (due.length > 0 && !backoff.isOn()) await drive(due)
    await forwards.tend()
    await mapLimited(open, mostOrders, (order) => collecting.collect(order, hinted.includes(order.id)))
    await book.settle()
    closeWhenIdle()
    await ports.queues.setClock({ user, platform: known.name }, hasMore() ? known.pollSeconds : null)
    return 'done'
  }

  const turns = createTurns((): Promise<PassResult> => pass().catch(loseLease))

  /** A lease is held as long as something is done under it, and no longer. */
  const giveBackWhenIdle = async (): Promise<void> => {
    await acting.finish()
    if (!turns.isRunning() && !questions.areOpen() && !forwards.areOpen()) await lease.giveBack()
  }

  const questions = createQuestions({
    ...{ lease, connection, backoff, limits, fail, onInterruption, finishPass: turns.finish },
    onAnswered() {
      if (!turns.isRunning()) closeWhenIdle()
      void giveBackWhenIdle()
    }
  })

  return {
    async run() {
      try {
        const result = await turns.run()
        if (result === 'elsewhere') forwards.drop()
        return result
      } finally {
        void giveBackWhenIdle()
      }
    },
    ask: questions.ask,
    expire: observer.expire,
    async close() {
      await turns.finish()
      await acting.finish()
      forwards.drop()
      // Also from under a question, which changes nothing there.
      await lease.giveBack()
      connection.close()
    }
  }
}

/** A credential that we refuse ourselves costs the platform nothing: it is looked at in each pass. */
function noteFailure(backoff: Backoff, error: LauttaError): void {
  if (!(error instanceof CredentialsError) || error.isRefusedByHost) backoff.noteFailure(error)
}

/** Looks at the platform over the session's connection; what is listed is counted against the limits. */
function createSessionObserver(ports: SessionPorts, connection: Connection, admission: Admission): Observer {
  const { user, known, management, now } = ports
  const scheduler = async (): Promise<Scheduler> => countListed((await connection.open()).scheduler, admission, now)
  const tokenOf = ({ id }: LiveOrder, { index, attempt }: Job): string =>
    management.tokenOf(user, { id, platform: known.name, index, attempt })
  return createObserver({ scheduler, pollSeconds: known.pollSeconds, now, tokenOf, mustList: admission.isLimited })
}
