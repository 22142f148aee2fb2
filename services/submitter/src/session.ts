import { CredentialsError, LauttaError } from '@lautta/core/errors'
import type { Job } from '@lautta/core/job/job'
import { effectsOwed } from '@lautta/core/job/reduce-job'
import { isSettled } from '@lautta/core/job/settled'
import type { Platform } from '@lautta/platforms/connect-platform'
import type { Scheduler } from '@lautta/platforms/scheduler'
import { createActing, eventOfFailure } from './acting.ts'
import { type Admission, createAdmission } from './admission.ts'
import { createCollecting } from './collecting.ts'
import { createConnection } from './connection.ts'
import { createHeldLease } from './held-lease.ts'
import { createTurns } from './in-turn.ts'
import type { LiveOrder } from './live-order.ts'
import { createObserver } from './observe-platform.ts'
import { createOrderBook } from './order-book.ts'
import { createOrderLoader } from './order-loader.ts'
import { ordersRead } from './orders-read.ts'
import { createPause } from './pause-after-failure.ts'
import { LeaseLostError, type SessionPorts } from './session-ports.ts'

/** How a pass went: `elsewhere` when another process holds the lease. */
type PassResult = 'done' | 'elsewhere'

/** Everything that one user has on one platform: the only actor there, while it holds the lease. */
export interface Session {
  /** One pass: read, observe, reduce, save, act. Null during a pass, which one more will follow. */
  run(): Promise<PassResult | null>
  /** Does something on the platform that changes nothing there, over the connection of the passes. */
  ask<Answer>(work: (platform: Platform) => Promise<Answer>): Promise<{ answer: Answer } | 'elsewhere'>
  /** The next pass looks at the platform, however young the last look is. */
  expire(): void
  /** Waits for what is under way, and gives the lease back. */
  close(): Promise<void>
}

const isOpen = ({ status }: LiveOrder): boolean => status.jobs.some((job) => !isSettled(job))

export function createSession(ports: SessionPorts): Session {
  const { user, known, now, logger } = ports
  const lease = createHeldLease(ports.acquireLease)
  const loader = createOrderLoader(ports, lease.current)
  const book = createOrderBook(ports, loader)
  const collecting = createCollecting(ports)
  const pause = createPause(known.pollSeconds, now)
  const connection = createConnection(ports)
  const admission = createAdmission(ports)
  const scheduler = async (): Promise<Scheduler> => countingScheduler((await connection.open()).scheduler, admission, now)
  const tokenOf = ({ id }: LiveOrder, { index, attempt }: Job): string =>
    ports.management.tokenOf(user, { id, platform: known.name, index, attempt })
  const observer = createObserver(scheduler, known.pollSeconds, now, tokenOf)

  const fail = (error: LauttaError): void => {
    if (!(error instanceof CredentialsError)) pause.isCausedBy(error)
    else {
      // The next connection is made with the credential that there is then: one that we refuse ourselves costs the
      // platform nothing, so it is looked at in each pass.
      if (error.isRefusedByHost) pause.isCausedBy(error)
      connection.close()
    }
  }
  const loseLease = (error: LeaseLostError): void => {
    logger.warn({ user, platform: known.name, error: error.message }, 'lease lost')
    lease.lose(error)
  }
  const acting = createActing({
    ...{ ports, platform: connection.open, onFailure: fail, onAnswer: pause.end, onLeaseLost: loseLease },
    ...{ admission, askToCollect: collecting.askNow, beginTry: loader.beginTry, isPaused: pause.isOn }
  })

  let questions = 0
  const closeWhenIdle = (): void => {
    if (questions === 0 && !acting.isBusy() && !book.orders().some(isOpen)) connection.close()
  }

  const pass = async (): Promise<PassResult> => {
    if ((await lease.hold(book.reset)) === 'elsewhere') return 'elsewhere'
    const hinted = await book.refresh()
    for (const order of book.orders()) await readOrders(order)
    const open = book.orders().filter(isOpen)
    if (open.length > 0 && !pause.isOn()) await drive(open)
    for (const order of open) await collecting.collect(order, hinted.includes(order.id))
    await book.settle()
    const hasWork = book.orders().some(isOpen)
    closeWhenIdle()
    await ports.queues.setClock({ user, platform: known.name }, hasWork ? known.pollSeconds : null)
    return 'done'
  }

  /** Tells every job the orders that stand. */
  const readOrders = async (order: LiveOrder): Promise<void> => {
    for (const { index } of order.status.jobs) {
      const effects = await order.feed(index, ordersRead(order, known.name, index))
      if (!pause.isOn()) acting.act(order, index, effects)
    }
  }

  /** Looks at the platform, and begins what the jobs owe. What it can't, every job is told. */
  const drive = async (orders: readonly LiveOrder[]): Promise<void> => {
    try {
      await connection.open()
      admission.beginRound()
      if (await observer.observe(orders, acting.act)) pause.end()
      for (const order of orders) {
        for (const job of order.status.jobs)
          acting.act(
            order,
            job.index,
            effectsOwed(job).filter((effect) => effect !== 'askToCollect')
          )
      }
    } catch (error) {
      if (!(error instanceof LauttaError)) throw error
      fail(error)
      for (const order of orders) {
        for (const { index } of order.status.jobs.filter((job) => !isSettled(job))) {
          acting.act(order, index, await order.feed(index, eventOfFailure('observe', error)))
        }
      }
    }
  }

  const turns = createTurns(async (): Promise<PassResult> => {
    try {
      return await pass()
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error
      loseLease(error)
      return 'elsewhere'
    }
  })

  /** A lease is held as long as something is done under it, and no longer. */
  const giveBackWhenIdle = async (): Promise<void> => {
    await acting.finish()
    if (!turns.isRunning() && questions === 0) await lease.giveBack()
  }

  return {
    async run() {
      try {
        return await turns.run()
      } finally {
        void giveBackWhenIdle()
      }
    },
    async ask(work) {
      // What a pass knows must not be forgotten while it runs.
      if (!lease.isHeld()) await turns.finish()
      if ((await lease.hold(book.reset)) === 'elsewhere') return 'elsewhere'
      questions++
      try {
        return { answer: await work(await connection.open()) }
      } finally {
        questions--
        if (!turns.isRunning()) closeWhenIdle()
        void giveBackWhenIdle()
      }
    },
    expire: observer.expire,
    async close() {
      await turns.finish()
      await giveBackWhenIdle()
      connection.close()
    }
  }
}

/** The scheduler; what it lists is counted against the limits. */
function countingScheduler(scheduler: Scheduler, admission: Admission, now: () => Date): Scheduler {
  return {
    ...scheduler,
    async listJobs() {
      const startedAtMs = now().getTime()
      const listed = await scheduler.listJobs()
      admission.countListed(listed.size, startedAtMs)
      return listed
    }
  }
}
