import { isFinished, type Job } from '@lautta/core/job/job'
import type { JobEffect, JobEvent } from '@lautta/core/job/job-event'
import { partOf } from '@lautta/core/orchestration/known-order'
import type { LiveOrder } from './live-order.ts'
import type { SessionPorts } from './session-ports.ts'

/** Ends Ray jobs whose cluster has not answered for as long as they say; answers what is to be done for each that ended. */
type GiveUp = (order: LiveOrder) => Promise<Map<number, JobEffect[]>>

/**
 * The one end without evidence, for Ray jobs that ask for it: elsewhere the same work is to begin again, and it does no
 * harm when it is done twice. How long a cluster was silent is known in memory: after a restart it is counted anew.
 */
export function createGiveUp(
  { known, now, findPause }: Pick<SessionPorts, 'known' | 'now' | 'findPause'>,
  isBackingOff: () => boolean
): GiveUp {
  const silentSinceMs = new Map<string, number>()
  return async (order) => {
    const given = new Map<number, JobEffect[]>()
    for (const job of order.status.jobs) {
      const key = JSON.stringify([order.id, job.index, job.attempt])
      const seconds = partOf(order, known.name, job)?.jobs[job.index]?.ray?.['give-up-seconds']
      // Of a cluster inside a job nothing is known while its login node is away.
      const isUnknown = known.kind !== 'ray' && isBackingOff()
      const isWaiting = job.waiting === 'platform' && !isFinished(job) && !isUnknown
      if (seconds === undefined || !isWaiting || (await findPause()) !== null) {
        silentSinceMs.delete(key)
        continue
      }
      const sinceMs = silentSinceMs.get(key) ?? now().getTime()
      silentSinceMs.set(key, sinceMs)
      if (now().getTime() - sinceMs < seconds * 1000) continue
      const reason = `its Ray cluster did not answer for ${seconds} s: it counts as dead`
      given.set(job.index, await order.feed(job.index, endOf(job, reason), job))
    }
    return given
  }
}

function endOf({ state }: Job, reason: string): JobEvent {
  if (state.kind === 'preparing') return { type: 'preparationRefused', reason }
  if (state.kind === 'submitting') return { type: 'submissionRefused', reason }
  const ending = { outcome: 'node-failed' as const, exitCode: null, reason, startedAt: null, endedAt: null }
  return { type: 'accountingFound', ending }
}
