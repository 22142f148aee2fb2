import { isFinished } from '../job/job.ts'
import { isSettled } from '../job/settled.ts'
import type { Run } from '../object-names.ts'
import { allJobsOf, type KnownOrder } from './known-order.ts'

/** The attempts of an order that may have tables. */
export function finishedRuns(known: KnownOrder): Run[] {
  return allJobsOf(known).flatMap(({ platform, job }) =>
    [...job.earlier, job].filter(isFinished).map(({ attempt }) => ({ id: known.request.id, platform, index: job.index, attempt }))
  )
}

/** Whether all that any attempt of an order leaves is there, until somebody orders something. */
export function isAllStored(known: KnownOrder): boolean {
  return allJobsOf(known).every(({ job }) => isSettled(job))
}
