import { assertNever } from '../assert-never.ts'
import type { JobState } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { isJobOver, type KnownJob, type KnownOrder } from '../orchestration/known-order.ts'

/** How Ray calls the states of its jobs. */
export const rayStatuses = ['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED'] as const
export type RayStatus = (typeof rayStatuses)[number]

/** The state of a Ray job in Ray's words; what they do not tell (lost, timed-out …) stands beside as its outcome. */
export function rayStatusOf(known: KnownOrder, one: Pick<KnownJob, 'platform' | 'job'>): RayStatus {
  const { state } = one.job
  const isToBeginAnew = state.kind === 'finished' && !isJobOver(known, one)
  return isToBeginAnew ? 'PENDING' : rayStatusOfState(state)
}

function rayStatusOfState(state: JobState): RayStatus {
  switch (state.kind) {
    case 'declared':
    case 'preparing':
    case 'submitting':
    case 'queued':
      return 'PENDING'
    case 'running':
    // It has ended on the cluster, but not here: another attempt may follow by itself.
    case 'finishing':
      return 'RUNNING'
    case 'finished':
      return rayStatusOfEnd(state.outcome)
    default:
      return assertNever(state)
  }
}

function rayStatusOfEnd(outcome: Outcome): RayStatus {
  if (outcome === 'completed') return 'SUCCEEDED'
  return outcome === 'cancelled' ? 'STOPPED' : 'FAILED'
}
