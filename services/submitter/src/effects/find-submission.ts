import type { JobEvent } from '@lautta/core/job/job-event'
import type { LookTimes, SubmissionTrace } from '@lautta/platforms/scheduler'
import { type PerformEffect, type PlatformWork, tokenOf } from './job-work.ts'

/**
 * Counts the looks for submissions whose answer was lost. It is kept in memory: after a restart the looks begin anew,
 * which takes longer and is as sure.
 */
export interface Looks {
  /** What a look at this moment means; null is not yet known. */
  judge(right: string, trace: SubmissionTrace, times: LookTimes, nowMs: number): JobEvent | null
}

export function createLooks(): Looks {
  const byRight = new Map<string, { takenSeenAtMs: number; goodAnswerAtMs: number | null; looks: number }>()
  return {
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
      // Whoever took the right did so before we saw it: its sbatch ends at most the bound after this moment.
      const seen = byRight.get(right) ?? { takenSeenAtMs: nowMs, goodAnswerAtMs: null, looks: 0 }
      byRight.set(right, seen)
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
    const right = { token: tokenOf(work), try: job.state.try }
    const trace = await platform.scheduler.findSubmission(right)
    return looks.judge(`${right.token}/${right.try}`, trace, platform.scheduler.lookTimes, now().getTime())
  }
}
