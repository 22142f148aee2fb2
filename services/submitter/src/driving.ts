import { LauttaError } from '@lautta/core/errors'
import type { Job } from '@lautta/core/job/job'
import type { JobEffect } from '@lautta/core/job/job-event'
import { effectsOwed } from '@lautta/core/job/reduce-job'
import { isSettled } from '@lautta/core/job/settled'
import { type Acting, eventOfFailure } from './acting.ts'
import type { Admission } from './admission.ts'
import type { Backoff } from './backoff.ts'
import type { Connection } from './connection.ts'
import { createGiveUp } from './give-up.ts'
import type { LiveOrder } from './live-order.ts'
import type { Observer } from './observe-platform.ts'
import { ordersRead } from './orders-read.ts'
import type { OtherClusters } from './other-clusters.ts'
import type { SessionPorts } from './session-ports.ts'
import { tellNeeds } from './tell-needs.ts'
import { tellSpending } from './tell-spending.ts'

export interface DrivingOptions {
  ports: Pick<SessionPorts, 'known' | 'now' | 'findPause'>
  connection: Connection
  admission: Admission
  observer: Observer
  acting: Acting
  backoff: Backoff
  fail(error: LauttaError): void
  otherClusters: OtherClusters
}

/** The two steps of a pass in which jobs hear news: what was ordered, and how the platform is. */
export function createDriving(options: DrivingOptions) {
  const { ports, connection, admission, observer, acting, backoff, fail, otherClusters } = options
  const platform = ports.known.name
  const giveUp = createGiveUp(ports, backoff.isOn)

  return {
    /** Tells every job the orders that stand, what became of the jobs that it needs, and what it may not cost. */
    async tellOrders(order: LiveOrder): Promise<void> {
      const tell = ({ index }: Job): Promise<JobEffect[]> => order.feed(index, ordersRead(order, platform, index))
      // All at once: they are saved together.
      const told = await Promise.all(order.status.jobs.map(tell))
      await tellNeeds(order, platform, otherClusters)
      await tellSpending(order, ports.known)
      // Also of a platform that is left in peace.
      for (const [index, effects] of await giveUp(order)) acting.act(order, index, effects)
      if (backoff.isOn()) return
      for (const job of order.status.jobs) {
        // What a job owed by its orders it may not owe any more by its needs.
        const owed = effectsOwed(job)
        acting.act(order, job.index, told[job.index]?.filter((effect) => owed.includes(effect)) ?? [])
      }
    },

    /** Looks at the platform, and begins what the jobs owe. What it can't, every job is told. */
    async drive(orders: readonly LiveOrder[]): Promise<void> {
      try {
        await connection.open()
        admission.beginRound()
        if (await observer.observe(orders, acting.act)) backoff.end()
        for (const order of orders) {
          for (const job of order.status.jobs) {
            const effects = effectsOwed(job).filter((effect) => effect !== 'askToCollect')
            acting.act(order, job.index, effects)
          }
        }
      } catch (error) {
        if (!(error instanceof LauttaError)) throw error
        fail(error)
        for (const order of orders) {
          const tell = async ({ index }: Job): Promise<void> =>
            acting.act(order, index, await order.feed(index, eventOfFailure('observe', error)))
          await Promise.all(order.status.jobs.filter((job) => !isSettled(job)).map(tell))
        }
      }
    }
  }
}
