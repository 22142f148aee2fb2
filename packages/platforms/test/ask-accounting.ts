import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import type { Ending } from '@lautta/core/job/job-event'
import type { RecordedEnding, Scheduler, SubmittedJob } from '../src/scheduler.ts'

/** A job of which only the id is known, and that it was not submitted before. */
export function jobSince(slurmJobId: string, orderedAt: Date): SubmittedJob {
  return { slurmJobId, token: 'none', orderedAt, acceptedAt: null }
}

/** How jobs ended, by their ids; those of which accounting never heard are left out. */
export async function findEndings(
  scheduler: Scheduler,
  ids: readonly string[],
  since: Date
): Promise<ReadonlyMap<string, RecordedEnding | null>> {
  const endings = await scheduler.findEndings(ids.map((id) => jobSince(id, since)))
  return new Map(
    ids.flatMap((id, at) => {
      const ending = endings[at]
      if (ending && 'tasks' in ending) throw new Error(`${id} was not asked about as an array`)
      return ending === undefined ? [] : [[id, ending]]
    })
  )
}

/** How the tasks of an array ended, by their numbers; null: accounting never heard of it. */
export async function findTaskEndings(
  scheduler: Scheduler,
  id: string,
  since: Date
): Promise<ReadonlyMap<number, Ending | null> | null> {
  const [found] = await scheduler.findEndings([{ ...jobSince(id, since), tasks: 1 }])
  if (found && !('tasks' in found)) throw new Error(`${id} is no array`)
  return found?.tasks ?? null
}

/** All lines of accounting of a job. */
export async function collectAccounting(scheduler: Scheduler, id: string, since: Date): Promise<readonly AccountingRecord[]> {
  return (await scheduler.collectAccounting(jobSince(id, since))).records
}
