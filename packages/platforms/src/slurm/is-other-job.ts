import { nameWithoutToken } from '@lautta/core/job/job-token'
import type { JobIdentity, SubmittedJob } from '../scheduler.ts'

// More than the clocks of two computers differ, and than a job's first minutes take.
const marginSeconds = 10 * 60

/** Our job as we know it: its token, which costs a little to find out, and when we were told its id. */
interface OurJob {
  token(): string
  acceptedAt: string
}

/**
 * Whether a job has our job's id and is another one: SLURM begins again at low numbers when it has used them all, or has
 * lost its state. Our own may have another name, because somebody renamed it or accounting has not heard of it all yet;
 * and a requeue makes its submission younger. Both together are another job's.
 */
export function isOtherJob({ jobName, submittedAtEpoch }: JobIdentity, { token, acceptedAt }: OurJob): boolean {
  if ((submittedAtEpoch ?? 0) <= Date.parse(acceptedAt) / 1000 + marginSeconds) return false
  return nameWithoutToken(jobName, token()) === jobName
}

/** Whether a line of accounting may be our job's, of those that have its id: by its name, or by when it was submitted. */
export function isOurRun({ jobName, submittedAtEpoch }: JobIdentity, { token, orderedAt, acceptedAt }: SubmittedJob): boolean {
  if (submittedAtEpoch === null || nameWithoutToken(jobName, token) !== jobName) return true
  const latestSeconds = acceptedAt === null ? Number.POSITIVE_INFINITY : acceptedAt.getTime() / 1000 + marginSeconds
  return submittedAtEpoch >= orderedAt.getTime() / 1000 - marginSeconds && submittedAtEpoch <= latestSeconds
}
