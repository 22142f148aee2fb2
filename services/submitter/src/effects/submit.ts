import { messageOf, RefusedError } from '@lautta/core/errors'
import type { JobEvent } from '@lautta/core/job/job-event'
import { foldOrders, isHeld } from '@lautta/core/job/orders'
import type { Submission, SubmissionRight } from '@lautta/platforms/scheduler'
import type { Admission } from '../admission.ts'
import type { CheckAccount } from './check-account.ts'
import { composeSubmission } from './compose-submission.ts'
import { type JobWork, type PerformEffect, tokenOf } from './job-work.ts'
import { withHint } from './refusal-hints.ts'

/** Submits the job, at most once for its attempt: see "At most one job per attempt" in ARCHITECTURE.md. */
export function createSubmit(admission: Admission, checkAccount: CheckAccount): PerformEffect {
  return async (work) => {
    const { job } = work
    if (job.state.kind !== 'submitting') return null
    const right = { token: tokenOf(work), try: job.state.try }
    const place = await admission.enter()
    if ('reason' in place) return { type: 'waited', on: 'limit', reason: place.reason }
    let isAccepted = false
    try {
      const event = await submitOne(work, right, checkAccount)
      isAccepted = event?.type === 'submissionAccepted'
      if (event?.type === 'limitReached') admission.close(event.reason)
      return event
    } finally {
      place.leave(isAccepted)
    }
  }
}

async function submitOne(work: JobWork, right: SubmissionRight, checkAccount: CheckAccount): Promise<JobEvent | null> {
  try {
    const submission = await compose(work, right)
    await checkAccount(work.platform.scheduler, submission)
    // Its turn may come after minutes: who was stopped until then is not submitted.
    if (!(await work.platform.scheduler.awaitTurn()) || isStopped(work)) return null
    await work.beginTry(right.try)
    const answer = await work.platform.scheduler.submit(submission)
    switch (answer.kind) {
      case 'accepted': {
        const { slurmJobId, outPath, errPath } = answer
        return { type: 'submissionAccepted', slurmJobId, outPath, errPath }
      }
      case 'refused':
        return await refuse(work, right, withHint(answer.reason))
      case 'limit-reached':
        return (await isNoLimit(work, answer.reason))
          ? await refuse(work, right, withHint(answer.reason))
          : { type: 'limitReached', reason: answer.reason }
      case 'disk-full':
        return { type: 'waited', on: 'platform-disk', reason: answer.reason }
      case 'answer-lost':
        return { type: 'answerLost' }
    }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    return refuse(work, right, error.hint === undefined ? messageOf(error) : `${messageOf(error)} (${error.hint})`)
  }
}

function isStopped({ order, job }: JobWork): boolean {
  return order.status.jobs[job.index]?.stopOrderedAt !== null
}

/** A limit of one's own that is reached without any job there is none: where no account was named, SLURM says so. */
async function isNoLimit({ platform }: JobWork, reason: string): Promise<boolean> {
  return /AssocMaxSubmit/.test(reason) && (await platform.scheduler.listJobs()).size === 0
}

/** What is submitted; held from the beginning when that was ordered before. */
async function compose(work: JobWork, right: SubmissionRight): Promise<Submission> {
  const { job, request, part, platform, known, order } = work
  const asked = { request, modules: part.configs.modules, orderName: order.request.request.name }
  const submission = await composeSubmission(asked, right, known, platform)
  const orders = foldOrders(order.orders, [], known.name, job.index)
  return isHeld(orders, job.attempt) ? { ...submission, options: { ...submission.options, hold: true } } : submission
}

/**
 * What is refused now (the script is gone, a module does not load) may have been submitted before we were killed: only
 * who owns the unused right may say that there is no job.
 */
async function refuse({ platform }: JobWork, right: SubmissionRight, reason: string): Promise<JobEvent> {
  const trace = await platform.scheduler.findSubmission(right)
  if (trace.kind === 'closed') return { type: 'submissionRefused', reason }
  if (trace.kind === 'no-trace') return { type: 'answerLost' }
  const { slurmJobId, outPath, errPath } = trace
  return { type: 'submissionAccepted', slurmJobId, outPath, errPath }
}
