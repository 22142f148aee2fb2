import { messageOf, RefusedError } from '@lautta/core/errors'
import type { JobEvent } from '@lautta/core/job/job-event'
import { foldOrders, isHeld } from '@lautta/core/job/orders'
import { createLimit } from '@lautta/platforms/limit-concurrency'
import type { Submission, SubmissionAnswer, SubmissionRight } from '@lautta/platforms/scheduler'
import type { Admission } from '../admission.ts'
import type { CheckAccount } from './check-account.ts'
import { composeSubmission } from './compose-submission.ts'
import { type JobWork, type PerformEffect, tokenOf, waitForPause } from './job-work.ts'
import { withHint } from './refusal-hints.ts'

/** What submissions of one session share. */
interface SubmitOptions {
  admission: Admission
  checkAccount: CheckAccount
  /** Submissions that are under way at once: what waits longer is judged as things stand when its turn comes. */
  mostAtOnce: number
}

/** Submits the job, at most once for its attempt: see "At most one job per attempt" in ARCHITECTURE.md. */
export function createSubmit({ admission, checkAccount, mostAtOnce }: SubmitOptions): PerformEffect {
  const enter = createLimit(mostAtOnce)
  return async (work) => {
    if (work.job.state.kind !== 'submitting') return null
    const right = { token: tokenOf(work), try: work.job.state.try }
    const leave = await enter()
    try {
      const submission = await compose(work, right)
      await checkAccount(work.platform.scheduler, submission)
      // Its turn may come after minutes: who was stopped until then, or paused, is not submitted.
      const isOurTurn = await work.platform.scheduler.awaitTurn()
      if (!isOurTurn || isStopped(work) || work.isBackingOff()) return null
      return (await waitForPause(work)) ?? (await submitInPlace(work, submission, admission))
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      return refuse(work, right, error.hint === undefined ? messageOf(error) : `${messageOf(error)} (${error.hint})`)
    } finally {
      leave()
    }
  }
}

async function submitInPlace(work: JobWork, submission: Submission, admission: Admission): Promise<JobEvent> {
  const place = await admission.enter()
  if ('reason' in place) return { type: 'waited', on: 'limit', reason: place.reason }
  let isAccepted = false
  try {
    await work.beginTry(submission.try)
    const answer = await work.platform.scheduler.submit(submission)
    isAccepted = answer.kind === 'accepted'
    return await eventOfAnswer(work, submission, answer, admission)
  } finally {
    place.leave(isAccepted)
  }
}

async function eventOfAnswer(
  work: JobWork,
  right: SubmissionRight,
  answer: SubmissionAnswer,
  admission: Admission
): Promise<JobEvent> {
  switch (answer.kind) {
    case 'accepted': {
      const { slurmJobId, outPath, errPath } = answer
      return { type: 'submissionAccepted', slurmJobId, outPath, errPath }
    }
    case 'refused':
      return refuse(work, right, withHint(answer.reason))
    case 'limit-reached':
      // A limit of one's own that is reached without any job there is none: where no account was named, SLURM says so.
      if (/AssocMaxSubmit/.test(answer.reason) && !admission.hasJobs() && (await work.platform.scheduler.listJobs()).size === 0)
        return refuse(work, right, withHint(answer.reason))
      admission.close(answer.reason)
      return { type: 'limitReached', reason: answer.reason }
    case 'disk-full':
      return { type: 'waited', on: 'platform-disk', reason: answer.reason }
    case 'answer-lost':
      return { type: 'answerLost' }
  }
}

/** What is submitted; held from the beginning when that was ordered before. */
async function compose(work: JobWork, right: SubmissionRight): Promise<Submission> {
  const { job, request, part, platform, known, order } = work
  const asked = { request, modules: part.configs.modules, orderName: order.request.request.name }
  const submission = await composeSubmission(asked, right, known, platform)
  const orders = foldOrders(order.orders, [], known.name, job.index)
  return isHeld(orders, job.attempt) ? { ...submission, options: { ...submission.options, hold: true } } : submission
}

function isStopped({ order, job }: JobWork): boolean {
  return order.status.jobs[job.index]?.stopOrderedAt !== null
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
