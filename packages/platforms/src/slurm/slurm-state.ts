import type { Outcome } from '@lautta/core/job/outcome'

/** SLURM's terminal states in our words. What does not stand here is not an end: unknown codes are never terminal. */
const outcomeByState: Readonly<Record<string, Outcome>> = {
  BOOT_FAIL: 'node-failed',
  CANCELLED: 'cancelled',
  COMPLETED: 'completed',
  DEADLINE: 'timed-out',
  FAILED: 'failed',
  NODE_FAIL: 'node-failed',
  OUT_OF_MEMORY: 'out-of-memory',
  PREEMPTED: 'cancelled',
  REVOKED: 'cancelled',
  TIMEOUT: 'timed-out'
}

/** The state without its suffix: `CANCELLED by 1001` and `CANCELLED+` are `CANCELLED`. */
export function stripStateSuffix(state: string): string {
  return /^[A-Z_]+/.exec(state.trim())?.[0] ?? state.trim()
}

/** The outcome of a terminal state; null for any other. */
export function outcomeOfState(state: string): Outcome | null {
  return outcomeByState[stripStateSuffix(state)] ?? null
}
