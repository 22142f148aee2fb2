import { type Attempt, isFinished, type Job } from '@lautta/core/job/job'
import { Problem } from './problem.ts'

/** An attempt of a job: the present one, or one that has ended. */
export function findAttempt(job: Job, number: number): Attempt {
  const found = [job, ...job.earlier.filter(isFinished)].find((one) => one.attempt === number)
  if (found === undefined) throw new Problem(404, `the job has no attempt ${number}`)
  return found
}
