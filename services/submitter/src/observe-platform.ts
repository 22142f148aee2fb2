import { LauttaError, messageOf } from '@lautta/core/errors'
import { isOnPlatform, type Job, slurmJobIdOf } from '@lautta/core/job/job'
import type { JobEffect, JobEvent } from '@lautta/core/job/job-event'
import type { Scheduler } from '@lautta/platforms/scheduler'
import type { LiveOrder } from './live-order.ts'
import { createPause } from './pause-after-failure.ts'

/** How often, and for how long, accounting must say that it never heard of a job before we believe it. */
const lostAfter = { looks: 10, ms: 5 * 60 * 1000 }

/** A job that is on the platform, by SLURM's id. */
interface Watched {
  order: LiveOrder
  job: Job
  id: string
}

type Told = (order: LiveOrder, index: number, effects: JobEffect[]) => void

/**
 * Sees how all jobs on the platform are: one listing, and one question to accounting for those that are not listed any
 * more. Not being listed is no evidence of an end.
 */
export function createObserver(scheduler: () => Promise<Scheduler>, pollSeconds: number, now: () => Date) {
  const accountingPause = createPause(pollSeconds, now)
  const neverHeard = new Map<string, { sinceMs: number; looks: number }>()
  let listedAtMs: number | null = null

  const isUnheard = (id: string): boolean => {
    const { sinceMs, looks } = neverHeard.get(id) ?? { sinceMs: now().getTime(), looks: 0 }
    neverHeard.set(id, { sinceMs, looks: looks + 1 })
    return looks + 1 >= lostAfter.looks && now().getTime() - sinceMs >= lostAfter.ms
  }

  /** One question for all. That accounting is away holds back nothing else: jobs are submitted and listed without it. */
  const findEndings = async (scheduler: Scheduler, owing: readonly Watched[], told: Told): Promise<void> => {
    let endings: Awaited<ReturnType<Scheduler['findEndings']>>
    try {
      endings = await scheduler.findEndings(
        owing.map(({ id }) => id),
        firstOrder(owing.map(({ order }) => order))
      )
    } catch (error) {
      if (!(error instanceof LauttaError)) throw error
      accountingPause.isCausedBy(error)
      for (const one of owing) await feed(one, { type: 'waited', on: 'platform', reason: messageOf(error) }, told)
      return
    }
    accountingPause.end()
    for (const one of owing) {
      const ending = endings.get(one.id)
      const isLost = ending === undefined && isUnheard(one.id)
      if (ending !== undefined || isLost) neverHeard.delete(one.id)
      if (ending) await feed(one, { type: 'accountingFound', ending }, told)
      else if (isLost) await feed(one, { type: 'neverHeardOf' }, told)
    }
  }

  return {
    /** The next pass lists again, however young the last listing is. */
    expire(): void {
      listedAtMs = null
    },

    /** Answers whether the platform was asked at all. */
    async observe(orders: readonly LiveOrder[], told: Told): Promise<boolean> {
      const startedAtMs = now().getTime()
      // Another pass, for whatever reason, is no reason to ask the scheduler more often.
      if (listedAtMs !== null && startedAtMs - listedAtMs < pollSeconds * 900) return false
      const watched: Watched[] = orders.flatMap((order) =>
        order.status.jobs.filter(isOnPlatform).map((job) => ({ order, job, id: slurmJobIdOf(job) ?? '' }))
      )
      if (watched.length === 0) return false
      const asked = await scheduler()
      const listed = await asked.listJobs()
      listedAtMs = startedAtMs
      const gone: Watched[] = []
      for (const one of watched) {
        const observation = listed.get(one.id)
        if (observation !== undefined) await feed(one, { type: 'observed', ...observation }, told)
        // A job that was submitted while the listing was made could not be in it.
        else if (wasSubmittedBefore(one.job, startedAtMs)) gone.push(one)
      }
      const owing: Watched[] = []
      for (const one of gone) {
        const effects = await one.order.feed(one.job.index, { type: 'goneFromScheduler' }, one.job)
        if (effects.includes('findAccounting')) owing.push(one)
      }
      if (owing.length === 0) return true
      if (!accountingPause.isOn()) await findEndings(asked, owing, told)
      return true
    }
  }
}

async function feed({ order, job }: Watched, event: JobEvent, told: Told): Promise<void> {
  told(order, job.index, await order.feed(job.index, event, job))
}

/** When the first of the orders came: nothing was submitted before. A job's own `submittedAt` is when we learned of it. */
function firstOrder(orders: readonly LiveOrder[]): Date {
  return new Date(Math.min(...orders.map(({ request }) => Date.parse(request.createdAt))))
}

function wasSubmittedBefore({ submittedAt }: Job, ms: number): boolean {
  return submittedAt === null || Date.parse(submittedAt) < ms
}
