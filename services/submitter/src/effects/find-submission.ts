import { messageOf, RefusedError } from '@lautta/core/errors'
import type { JobEvent } from '@lautta/core/job/job-event'
import type { FoundJob, LookTimes, RightTrace, SubmissionTrace } from '@lautta/platforms/scheduler'
import { orderedAt, type PerformEffect, type PlatformWork } from './job-work.ts'
import { rightOf } from './right-of.ts'
import { tellUnknownLogs } from './tell-unknown-logs.ts'

/**
 * Counts the looks for submissions whose answer was lost. It is kept in memory: after a restart the looks begin anew,
 * which takes longer and is as sure.
 */
export interface Looks {
  /** Whether the sbatch of a right that is taken may still be under way: so long SLURM need not be asked. */
  isUnderWay(right: string, times: LookTimes, nowMs: number): boolean
  /** What a look at this moment means; null is not yet known. */
  judge(right: string, trace: SubmissionTrace, times: LookTimes, nowMs: number): JobEvent | null
}

export function createLooks(): Looks {
  const byRight = new Map<string, { takenSeenAtMs: number; goodAnswerAtMs: number | null; looks: number }>()
  /** Whoever took the right did so before we saw it: its sbatch ends at most the bound after this moment. */
  const see = (right: string, nowMs: number) => {
    const seen = byRight.get(right) ?? { takenSeenAtMs: nowMs, goodAnswerAtMs: null, looks: 0 }
    byRight.set(right, seen)
    return seen
  }
  return {
    isUnderWay: (right, { submitBoundSeconds }, nowMs) => nowMs < see(right, nowMs).takenSeenAtMs + submitBoundSeconds * 1000,
    judge(right, trace, { submitBoundSeconds, settleSeconds, looks: needed }, nowMs) {
      if (trace.kind === 'found') {
        byRight.delete(right)
        const { slurmJobId, outPath, errPath } = trace
        return { type: 'submissionAccepted', slurmJobId, outPath, errPath }
      }
      if (trace.kind === 'closed') {
        byRight.delete(right)
        return { type: 'submissionNotFound' }
      }
      const seen = see(right, nowMs)
      if (!trace.counts) return null
      seen.goodAnswerAtMs ??= nowMs
      const countsFromMs = Math.max(seen.takenSeenAtMs + submitBoundSeconds * 1000, seen.goodAnswerAtMs) + settleSeconds * 1000
      if (nowMs < countsFromMs) return null
      seen.looks++
      if (seen.looks < needed) return null
      byRight.delete(right)
      return { type: 'submissionNotFound' }
    }
  }
}

/** Looks for a job whose submission was not answered. */
export function createFindSubmission(looks: Looks, now: () => Date): PerformEffect<PlatformWork> {
  return async (work) => {
    const { job, platform } = work
    if (job.state.kind !== 'submitting') return null
    const { scheduler } = platform
    const right = await rightOf(work)
    if (right === null) return { type: 'submissionNotFound' }
    const name = `${right.token}/${right.try}`
    let trace: RightTrace | SubmissionTrace = await scheduler.readRight(right)
    if (trace.kind === 'taken') {
      if (!trace.hasAnswered && looks.isUnderWay(name, scheduler.lookTimes, now().getTime())) return null
      trace = await scheduler.findSubmission(right, orderedAt(work))
    }
    if (trace.kind === 'found' && trace.others.length > 0) await endOthers(work, trace)
    if (trace.kind === 'found') await tellUnknownLogs(work, job.array, trace)
    return looks.judge(name, trace, scheduler.lookTimes, now().getTime())
  }
}

/** Two jobs of one token: there should be none, and what of them has not begun is ended. */
async function endOthers(work: PlatformWork, { slurmJobId, others }: FoundJob): Promise<void> {
  const { order, job, logger, platform } = work
  const ends: string[] = []
  for (const other of others) {
    try {
      await platform.scheduler.cancelPending(other)
      ends.push(`${other} ended if not begun`)
    } catch (error) {
      // It runs, or has ended: the job that was found is adopted all the same.
      if (!(error instanceof RefusedError)) throw error
      ends.push(`${other} left alone (${messageOf(error)})`)
    }
  }
  const words = `SLURM has more than one job of this submission: ${slurmJobId} is kept, ${ends.join(', ')}`
  logger.error({ orchestration: order.id, job: job.index, slurmJobId, others }, words)
  await work.notice(words)
}
