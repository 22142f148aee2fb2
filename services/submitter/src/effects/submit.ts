import { messageOf, RefusedError } from '@lautta/core/errors'
import type { JobEvent } from '@lautta/core/job/job-event'
import { arrayOfAttempt } from '@lautta/core/job/left-tasks'
import { foldOrders, isHeld, startedAttempt } from '@lautta/core/job/orders'
import { formatTasks, parseArray } from '@lautta/core/job/task-set'
import type { JobRequest } from '@lautta/core/orchestration/dictionary'
import { venvFolderOf } from '@lautta/core/orchestration/venv-folder-of'
import { createLimit } from '@lautta/platforms/limit-concurrency'
import type { Submission, SubmissionAnswer, SubmissionRight } from '@lautta/platforms/scheduler'
import { type Admission, type Kind, kindOf } from '../admission.ts'
import type { CheckAccount } from './check-account.ts'
import type { CheckLimits } from './check-limits.ts'
import { clusterVariables } from './cluster-variables.ts'
import { composeSubmission } from './compose-submission.ts'
import { type JobWork, orderedAt, type PerformEffect, tokenOf, waitForPause } from './job-work.ts'
import type { LimitSpending } from './limit-spending.ts'
import { withHint } from './refusal-hints.ts'
import { tellUnknownLogs } from './tell-unknown-logs.ts'

/** What submissions of one session share. */
interface SubmitOptions {
  admission: Admission
  checkAccount: CheckAccount
  limits: CheckLimits
  limitSpending: LimitSpending
  /** Submissions that are under way at once: what waits longer is judged as things stand when its turn comes. */
  mostAtOnce: number
}

/** Submits the job, at most once for its attempt: see "At most one job per attempt" in ARCHITECTURE.md. */
export function createSubmit({ admission, checkAccount, limits, limitSpending, mostAtOnce }: SubmitOptions): PerformEffect {
  const enter = createLimit(mostAtOnce)
  // So that a job that waits for room costs the platform nothing.
  const kinds = new WeakMap<JobRequest, Kind>()

  /** What keeps the job from being submitted now. */
  const findHindrance = async (work: JobWork): Promise<{ event: JobEvent | null } | null> => {
    if (isStopped(work) || work.isBackingOff()) return { event: null }
    const pause = await waitForPause(work)
    if (pause !== null) return { event: pause }
    const kind = kinds.get(work.request)
    const reason = kind === undefined ? null : admission.whyClosed(kind)
    return reason === null ? null : { event: { type: 'waited', on: 'limit', reason } }
  }

  return async (work) => {
    if (work.job.state.kind !== 'submitting') return null
    const right = { token: tokenOf(work), try: work.job.state.try }
    const leave = await enter()
    try {
      const before = await findHindrance(work)
      if (before !== null) return before.event
      const submission = await compose(work, right)
      kinds.set(work.request, kindOf(submission))
      const admitted = await limitSpending(work, submission)
      if (admitted === 'outdated') return null
      if (typeof admitted === 'object' && 'absence' in admitted)
        return { type: 'waited', on: 'platform', reason: admitted.absence }
      if (admitted !== 'admitted') return await refuse(work, right, admitted.refusal)
      await checkAccount(work.platform.scheduler, submission)
      const notice = await limits.check(work.platform.scheduler, submission)
      // Once is enough, however often room is waited for.
      if (notice !== null && right.try === 1) await work.notice(notice)
      if (!(await work.platform.scheduler.awaitTurn())) return null
      // The turn may have come after minutes.
      const after = await findHindrance(work)
      return after === null ? await submitInPlace(work, submission, admission, limits) : after.event
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      return refuse(work, right, error.hint === undefined ? messageOf(error) : `${messageOf(error)} (${error.hint})`)
    } finally {
      leave()
    }
  }
}

async function submitInPlace(
  work: JobWork,
  submission: Submission,
  admission: Admission,
  limits: CheckLimits
): Promise<JobEvent> {
  const leave = await admission.enter(kindOf(submission))
  if (typeof leave !== 'function') return { type: 'waited', on: 'limit', reason: leave.reason }
  let isAccepted = false
  try {
    await noteArray(work, submission)
    await work.beginTry(submission.try)
    const answer = await work.platform.scheduler.submit(submission)
    isAccepted = answer.kind === 'accepted'
    const explain = () => limits.explain(work.platform.scheduler, submission)
    return await eventOfAnswer(work, submission, answer, admission, explain)
  } finally {
    leave(isAccepted)
  }
}

/** Which tasks there will be is saved before they are submitted: an answer that is lost could not tell. */
async function noteArray({ order, job }: JobWork, { array }: Submission): Promise<void> {
  const tasks = array === null ? null : formatTasks(parseArray(array)?.tasks ?? [])
  if (tasks !== job.array) await order.feed(job.index, { type: 'arrayComposed', array: tasks }, job)
}

async function eventOfAnswer(
  work: JobWork,
  submission: Submission,
  answer: SubmissionAnswer,
  admission: Admission,
  explain: () => Promise<string | undefined>
): Promise<JobEvent> {
  switch (answer.kind) {
    case 'accepted': {
      const { slurmJobId, outPath, errPath } = answer
      await tellUnknownLogs(work, submission.array, answer)
      return { type: 'submissionAccepted', slurmJobId, outPath, errPath }
    }
    case 'refused':
      return refuse(work, submission, withHint(answer.reason, await explain()))
    case 'limit-reached': {
      const isLimit = admission.close(kindOf(submission), answer.reason)
      return isLimit ? { type: 'limitReached', reason: answer.reason } : refuse(work, submission, withHint(answer.reason))
    }
    case 'disk-full':
      return { type: 'waited', on: 'platform-disk', reason: answer.reason }
    case 'answer-lost':
      return { type: 'answerLost' }
  }
}

/** What is submitted; held from the beginning when that was ordered before. */
async function compose(work: JobWork, right: SubmissionRight): Promise<Submission> {
  const { job, request, part, platform, known, order } = work
  const asked = {
    request,
    modules: part.configs.modules,
    venv: venvFolderOf(part.configs),
    orderName: order.request.request.name
  }
  const plain = await composeSubmission(asked, right, known, platform)
  const secrets = request['ray-cluster'] === undefined ? {} : await clusterVariables(work)
  const composed = { ...plain, environment: { ...plain.environment, ...secrets } }
  const orders = foldOrders(order.orders, [], known.name, job.index)
  const isRetry = startedAttempt(orders) < job.attempt
  const submission = { ...composed, array: composed.array && arrayOfAttempt(composed.array, job, isRetry) }
  return isHeld(orders, job.attempt) ? { ...submission, options: { ...submission.options, hold: true } } : submission
}

function isStopped({ order, job }: JobWork): boolean {
  return order.status.jobs[job.index]?.stopOrderedAt !== null
}

/**
 * What is refused now (the script is gone, a module does not load) may have been submitted before we were killed: only
 * who owns the unused right may say that there is no job.
 */
async function refuse(work: JobWork, right: SubmissionRight, reason: string): Promise<JobEvent> {
  const trace = await work.platform.scheduler.findSubmission(right, orderedAt(work))
  return trace.kind === 'closed' ? { type: 'submissionRefused', reason } : { type: 'answerLost' }
}
