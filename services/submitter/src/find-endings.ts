import { LauttaError, messageOf } from '@lautta/core/errors'
import type { JobEvent } from '@lautta/core/job/job-event'
import { mostIdsAtOnce, type Scheduler } from '@lautta/platforms/scheduler'
import { createAccountingLooks } from './accounting-looks.ts'
import { createBackoff } from './backoff.ts'
import { isSaidOf, type TakeEffects, type TokenOf, tellJobs, type WatchedJob } from './watched-job.ts'

type Endings = Awaited<ReturnType<Scheduler['findEndings']>>

/** Finds out how jobs ended that are not listed any more: one question to accounting for very many of them. */
export function createFindEndings(pollSeconds: number, now: () => Date, tokenOf: TokenOf) {
  const backoff = createBackoff(pollSeconds, now)
  const looks = createAccountingLooks(pollSeconds, now)

  const ask = async (scheduler: Scheduler, jobs: readonly WatchedJob[], take: TakeEffects): Promise<Endings | null> => {
    try {
      const endings = await scheduler.findEndings(
        jobs.map((one) => ({
          ...{ slurmJobId: one.id, token: tokenOf(one.order, one.job), orderedAt: new Date(orderedMs(one)) },
          acceptedAt: one.job.submittedAt === null ? null : new Date(one.job.submittedAt)
        }))
      )
      backoff.end()
      return endings
    } catch (error) {
      if (!(error instanceof LauttaError)) throw error
      backoff.noteFailure(error)
      const waited: JobEvent = { type: 'waited', on: 'platform', reason: messageOf(error) }
      await tellJobs(
        jobs.map((one) => [one, waited] as const),
        take
      )
      return null
    }
  }

  return {
    /** The job is listed. */
    forget: looks.forget,

    /** That accounting is away holds back nothing else: jobs are submitted and listed without it. */
    async find(scheduler: Scheduler, gone: readonly WatchedJob[], take: TakeEffects): Promise<void> {
      // By age, so that an old job widens the window for few others.
      const due = gone.filter(({ id }) => looks.isDue(id)).toSorted((one, other) => orderedMs(one) - orderedMs(other))
      for (let at = 0; at < due.length && !backoff.isOn(); at += mostIdsAtOnce) {
        const some = due.slice(at, at + mostIdsAtOnce)
        const endings = await ask(scheduler, some, take)
        if (endings === null) return
        const told: [WatchedJob, JobEvent][] = []
        for (const [index, one] of some.entries()) {
          const found = endings[index]
          const ending = found && !isSaidOf(one, found, tokenOf) ? undefined : found
          const isLost = !ending && looks.noteNoEnd(one.id, ending === null)
          if (ending || isLost) looks.forget(one.id)
          if (ending) told.push([one, { type: 'accountingFound', ending }])
          else if (isLost) told.push([one, { type: 'neverHeardOf' }])
        }
        await tellJobs(told, take)
      }
    }
  }
}

/** When the attempt was ordered: it was not submitted before. Its own `submittedAt` is when we learned of it. */
function orderedMs({ order, job }: WatchedJob): number {
  return Date.parse(job.startOrderedAt ?? order.request.createdAt)
}
