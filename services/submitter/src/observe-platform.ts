import { isDeepStrictEqual } from 'node:util'
import { hasTasksEnding } from '@lautta/core/job/array-news'
import type { Job } from '@lautta/core/job/job'
import type { JobEvent } from '@lautta/core/job/job-event'
import type { Observation, Scheduler } from '@lautta/platforms/scheduler'
import { createFindEndings, type OwingJob } from './find-endings.ts'
import { nextIntervalSeconds } from './listing-interval.ts'
import type { LiveOrder } from './live-order.ts'
import { isSaidOf, type TakeEffects, type TokenOf, tellJobs, type WatchedJob, watchedJobs } from './watched-job.ts'

export interface ObserverOptions {
  scheduler(): Promise<Scheduler>
  pollSeconds: number
  now(): Date
  tokenOf: TokenOf
  /** Whether a listing tells something also when none of our jobs is there. */
  mustList(): boolean
}

/**
 * Sees how all jobs on the platform are: one listing, and one question to accounting for those that are not listed any
 * more. Not being listed is no evidence of an end. While nothing changes, it looks more and more seldom.
 */
export function createObserver({ scheduler, pollSeconds, now, tokenOf, mustList }: ObserverOptions) {
  const endings = createFindEndings(pollSeconds, now, tokenOf)
  let intervalSeconds = pollSeconds
  let listedAtMs: number | null = null
  /** What the last listing said of the jobs that were watched then; null is not listed. */
  let seen: ReadonlyMap<string, Pick<Observation, 'phase' | 'tasks'> | null> = new Map()

  const observationOf = (one: WatchedJob, found: Observation | undefined): Observation | null =>
    found !== undefined && isSaidOf(one, found, tokenOf) ? found : null

  const quicken = (): void => {
    intervalSeconds = pollSeconds
  }

  return {
    /** The next pass lists again, however young the last listing is. */
    expire(): void {
      listedAtMs = null
    },

    /** Something was asked of a job on the platform: what comes of it is looked for soon. */
    quicken(): void {
      quicken()
      endings.quicken()
    },

    /** Answers whether the platform was asked at all. */
    async observe(orders: readonly LiveOrder[], take: TakeEffects): Promise<boolean> {
      const startedAtMs = now().getTime()
      const watched = watchedJobs(orders)
      if (isOtherSet(watched, seen)) quicken()
      // Another pass, for whatever reason, is no reason to ask the scheduler more often.
      if (listedAtMs !== null && startedAtMs - listedAtMs < intervalSeconds * 900) return false
      if (watched.length === 0 && !mustList()) return false
      const asked = await scheduler()
      const listed = await asked.listJobs(watched.map(({ id }) => id))
      listedAtMs = startedAtMs
      const found = watched.map((one) => ({ one, observation: observationOf(one, listed.get(one.id)) }))
      const sees = new Map(found.map(({ one, observation }) => [one.id, observation && glance(observation)]))
      intervalSeconds = nextIntervalSeconds(intervalSeconds, pollSeconds, !isDeepStrictEqual(sees, seen))
      seen = sees
      const told = found.flatMap(({ one, observation }): [WatchedJob, JobEvent][] => {
        // A job that was submitted while the listing was made could not be in it.
        if (observation === null) return wasSubmittedBefore(one.job, startedAtMs) ? [[one, { type: 'goneFromScheduler' }]] : []
        endings.forget(one.id)
        const { phase, reason, startedAt, tasks, unreachable } = observation
        if (unreachable !== undefined) return [[one, { type: 'waited', on: 'platform', reason: unreachable }]]
        return [[one, { type: 'observed', phase, reason, startedAt, ...(tasks === undefined ? {} : { tasks }) }]]
      })
      const gone = new Set<Job>()
      await tellJobs(told, (order, index, effects) => {
        // Accounting is asked for all of them at once.
        const job = order.status.jobs[index]
        if (job !== undefined && effects.includes('findAccounting')) gone.add(job)
        take(order, index, effects)
      })
      const owing = watchedJobs(orders).map((one): OwingJob => ({ ...one, isListed: !gone.has(one.job) }))
      await endings.find(
        asked,
        owing.filter(({ job, isListed }) => !isListed || hasTasksEnding(job)),
        take
      )
      return true
    }
  }
}
export type Observer = ReturnType<typeof createObserver>

/** What may change of a job while it is listed. */
function glance({ phase, tasks = [] }: Observation): Pick<Observation, 'phase' | 'tasks'> {
  return { phase, tasks }
}

/** Whether jobs came, or went, since the last listing. */
function isOtherSet(watched: readonly WatchedJob[], seen: ReadonlyMap<string, unknown>): boolean {
  return new Set(watched.map(({ id }) => id)).size !== seen.size || watched.some(({ id }) => !seen.has(id))
}

function wasSubmittedBefore({ submittedAt }: Job, ms: number): boolean {
  return submittedAt === null || Date.parse(submittedAt) < ms
}
