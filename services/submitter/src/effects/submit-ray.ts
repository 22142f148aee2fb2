import { posix } from 'node:path'
import { messageOf, RefusedError } from '@lautta/core/errors'
import type { JobEvent } from '@lautta/core/job/job-event'
import { nameWithToken } from '@lautta/core/job/job-token'
import { composeEntrypoint } from '@lautta/core/ray/entrypoint'
import type { RayJobRequest } from '@lautta/core/ray/ray-job'
import { fromWire } from '@lautta/core/wire'
import type { RayCluster, RaySubmission } from '@lautta/platforms/ray-cluster'
import type { SubmissionRight } from '@lautta/platforms/scheduler'
import { type JobWork, orderedAt, type PerformEffect, waitForPause } from './job-work.ts'
import { onCluster } from './on-cluster.ts'
import { providePackage } from './ray-package.ts'
import { rightOf } from './right-of.ts'

/**
 * Submits a Ray job. A cluster takes each submission id once, and all tries of an attempt have the same: so a repeat finds
 * what is there.
 */
export const submitRay: PerformEffect = async (work) => {
  const { ray } = work.request
  const right = await rightOf(work)
  if (ray === undefined || work.job.state.kind !== 'submitting' || isStopped(work) || work.isBackingOff()) return null
  const pause = await waitForPause(work)
  if (pause !== null) return pause
  try {
    // Without a right there is no cluster either: what that means is told before it would be asked.
    return await onCluster(work, async (cluster) => (right === null ? null : submitTo(cluster, work, ray, right)))
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    return refuse(work, right, error.hint === undefined ? messageOf(error) : `${messageOf(error)} (${error.hint})`)
  }
}

async function submitTo(
  cluster: RayCluster,
  work: JobWork,
  ray: RayJobRequest,
  right: SubmissionRight
): Promise<JobEvent | null> {
  const submission = await compose(work, ray, right, cluster)
  if (isStopped(work)) return null
  await work.beginTry(right.try)
  const answer = await cluster.submit(submission)
  if (answer.kind === 'accepted') {
    const { slurmJobId, outPath, errPath } = answer
    return { type: 'submissionAccepted', slurmJobId, outPath, errPath }
  }
  if (answer.kind === 'answer-lost') return { type: 'answerLost' }
  return refuse(work, right, answer.reason)
}

async function compose(work: JobWork, ray: RayJobRequest, right: SubmissionRight, cluster: RayCluster): Promise<RaySubmission> {
  const { job, request, order } = work
  const entrypoint = composeEntrypoint(ray)
  const own = ray['submission-id']
  const name = request.name ?? (ray.file === undefined ? order.request.request.name : posix.basename(ray.file))
  return {
    ...right,
    submissionId: own === undefined ? `lautta-${right.token}` : job.attempt === 1 ? own : `${own}-${job.attempt}`,
    jobName: nameWithToken(name, right.token),
    entrypoint: entrypoint.command,
    workingDirectory: await providePackage(work, ray, entrypoint, cluster),
    envVars: ray['env-vars'],
    packages: ray.packages,
    resources: { ...fromWire({ ...ray.resources, custom: undefined }), custom: ray.resources?.custom }
  }
}

function isStopped({ order, job }: JobWork): boolean {
  return order.status.jobs[job.index]?.stopOrderedAt !== null
}

/** What is refused now may have been taken before an answer was lost: only when nothing is there, there is no Ray job. */
async function refuse(work: JobWork, right: SubmissionRight | null, reason: string): Promise<JobEvent> {
  if (right === null) return { type: 'submissionRefused', reason }
  const trace = await work.platform.scheduler.findSubmission(right, orderedAt(work))
  return trace.kind === 'closed' ? { type: 'submissionRefused', reason } : { type: 'answerLost' }
}
