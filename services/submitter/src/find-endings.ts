import { LauttaError, messageOf } from '@lautta/core/errors'
import { tasksWithoutEnd } from '@lautta/core/job/array-news'
import type { JobEvent } from '@lautta/core/job/job-event'
import { mostIdsAtOnce, type RecordedJob, type RecordedTasks, type Scheduler } from '@lautta/platforms/scheduler'
import { submittedJobOf } from '@lautta/platforms/submitted-job'
import { createAccountingLooks } from './accounting-looks.ts'
import { createBackoff } from './backoff.ts'
import { isSaidOf, type TakeEffects, type TokenOf, tellJobs, type WatchedJob } from './watched-job.ts'

/** A job of which accounting is to tell an end; one that is still listed is an array of which tasks have ended. */
export interface OwingJob extends WatchedJob {
  isListed: boolean
}

/** Finds out how jobs ended that are not listed any more, and tasks of arrays: one question to accounting for very many of them. */
export function createFindEndings(pollSeconds: number, now: () => Date, tokenOf: TokenOf) {
  const backoff = createBackoff(pollSeconds, now)
  const gone = createAccountingLooks(pollSeconds, now)
  // Of arrays that go on: their looks must hold up nobody when the whole array is gone.
  const going = createAccountingLooks(pollSeconds, now)

  const ask = async (
    scheduler: Scheduler,
    jobs: readonly WatchedJob[],
    take: TakeEffects
  ): Promise<readonly RecordedJob[] | null> => {
    try {
      const found = await scheduler.findEndings(
        jobs.map((one) => {
          const known = { slurmJobId: one.id, token: tokenOf(one.order, one.job), orderedAt: new Date(orderedMs(one)) }
          return submittedJobOf(one.job, known)
        })
      )
      backoff.end()
      return found
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

  /** What accounting says of a job, as events. The whole of a listed array can't have ended. */
  const judge = (one: OwingJob, said: RecordedJob): JobEvent[] => {
    const found = said && !isSaidOf(one, said, tokenOf) ? undefined : said
    if (found && 'outcome' in found) {
      gone.forget(one.id)
      return [{ type: 'accountingFound', ending: found }]
    }
    if (one.job.array !== null) return judgeTasks(one, found?.tasks ?? new Map())
    return noteNoEnd(one.id, found === null) ? [{ type: 'neverHeardOf' }] : []
  }

  const noteNoEnd = (id: string, isHeardOf: boolean): boolean => {
    const isLost = gone.noteNoEnd(id, isHeardOf)
    if (isLost) gone.forget(id)
    return isLost
  }

  const judgeTasks = ({ id, job, isListed }: OwingJob, endings: RecordedTasks['tasks']): JobEvent[] => {
    const left = tasksWithoutEnd(job, endings)
    if (isListed) going.noteNoEnd(id, true)
    else if (left.length === 0) for (const looks of [gone, going]) looks.forget(id)
    const isHeardOf = left.some((task) => endings.has(task))
    const isAll = !isListed && left.length > 0 && noteNoEnd(id, isHeardOf)
    return isAll && endings.size === 0 ? [{ type: 'neverHeardOf' }] : [{ type: 'tasksFound', endings, isAll }]
  }

  return {
    /** The job is listed. */
    forget: gone.forget,

    /** Something was asked of a job on the platform: what comes of it is to be known soon. */
    quicken: going.forgetAll,

    /** That accounting is away holds back nothing else: jobs are submitted and listed without it. */
    async find(scheduler: Scheduler, owing: readonly OwingJob[], take: TakeEffects): Promise<void> {
      // By age, so that an old job widens the window for few others.
      const due = owing
        .filter(({ id, isListed }) => (isListed ? going : gone).isDue(id))
        .toSorted((one, other) => orderedMs(one) - orderedMs(other))
      for (let at = 0; at < due.length && !backoff.isOn(); at += mostIdsAtOnce) {
        const some = due.slice(at, at + mostIdsAtOnce)
        const found = await ask(scheduler, some, take)
        if (found === null) return
        const told = some.flatMap((one, index) => judge(one, found[index]).map((event) => [one, event] as const))
        await tellJobs(told, take)
      }
    }
  }
}

/** When the attempt was ordered: it was not submitted before. Its own `submittedAt` is when we learned of it. */
function orderedMs({ order, job }: WatchedJob): number {
  return Date.parse(job.startOrderedAt ?? order.request.createdAt)
}
