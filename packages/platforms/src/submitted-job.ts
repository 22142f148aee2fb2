import type { Attempt } from '@lautta/core/job/job'
import { parseTasks } from '@lautta/core/job/task-set'
import type { SubmittedJob } from './scheduler.ts'

/** An attempt as accounting is asked about it, which was not submitted before `orderedAt`. */
export function submittedJobOf(
  { submittedAt, array }: Pick<Attempt, 'submittedAt' | 'array'>,
  known: Pick<SubmittedJob, 'slurmJobId' | 'token' | 'orderedAt'>
): SubmittedJob {
  const tasks = array === null ? null : (parseTasks(array)?.length ?? 0)
  return { ...known, acceptedAt: submittedAt === null ? null : new Date(submittedAt), ...(tasks === null ? {} : { tasks }) }
}
