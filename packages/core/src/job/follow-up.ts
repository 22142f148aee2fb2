import { cancelledTasks, spreadTasks } from './array-tasks.ts'
import { declareJob, type Job } from './job.ts'
import { type Outcome, worstOutcome } from './outcome.ts'

/** After which outcome the job is run again, and what is left of its retries then; null when it is not. */
export function retryAfter(job: Job, outcome: Outcome): { cause: Outcome; left: Job['retries'] } | null {
  const cause = outcomeThatCounts(job, outcome)
  const spent = cause === null ? -1 : job.retries.indexOf(cause)
  if (cause === null || spent === -1 || job.stopOrderedAt !== null) return null
  return { cause, left: job.retries.filter((_cause, index) => index !== spent) }
}

/** Of an array that of the tasks that the user did not cancel: the others do not run again by themselves. */
function outcomeThatCounts(job: Job, outcome: Outcome): Outcome | null {
  const cancelled = cancelledTasks(job)
  if (cancelled.size === 0) return outcome
  return worstOutcome([...spreadTasks(job)].flatMap(([task, one]) => (cancelled.has(task) ? [] : [one.outcome])))
}

/** The job as its next attempt begins; what was keeps its place among the earlier ones. */
export function followUp({ index, waiting: _, retries: __, earlier, ...ended }: Job, attempt: number): Job {
  return { ...declareJob(index), attempt, earlier: [...earlier, ended] }
}
