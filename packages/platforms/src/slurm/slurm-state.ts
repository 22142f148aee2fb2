import type { SchedulerPhase } from '@lautta/core/job/job-event'
import type { Outcome } from '@lautta/core/job/outcome'

/** A state of SLURM, how we read it, and why. */
export interface SlurmState {
  state: string
  /** A phase: no end. An outcome: how the job ended, once accounting says so. */
  reading: SchedulerPhase | Outcome
  meaning: string
}

/** All states and flags that squeue and sacct print, of 22.05, 24.11 and what newer ones are known to add. */
export const slurmStates: readonly SlurmState[] = [
  { state: 'PENDING', reading: 'pending', meaning: 'It waits for nodes, for a time, or for whoever holds it.' },
  { state: 'CONFIGURING', reading: 'pending', meaning: 'Its nodes are booting; the script has not begun.' },
  { state: 'POWER_UP_NODE', reading: 'pending', meaning: 'Its nodes are being switched on.' },
  { state: 'REQUEUED', reading: 'pending', meaning: 'It goes back to the queue; the same job will run again.' },
  { state: 'REQUEUE_FED', reading: 'pending', meaning: 'A federation of clusters puts it back into the queue.' },
  { state: 'REQUEUE_HOLD', reading: 'pending', meaning: 'It went back to the queue, and somebody has to release it.' },
  { state: 'SPECIAL_EXIT', reading: 'pending', meaning: 'It went back to the queue with a mark, and is held.' },
  { state: 'RESV_DEL_HOLD', reading: 'pending', meaning: 'Its reservation was deleted, so it is held.' },
  { state: 'LAUNCH_FAILED', reading: 'pending', meaning: 'Its nodes could not start it; SLURM requeues it or ends it next.' },
  { state: 'RECONFIG_FAIL', reading: 'pending', meaning: 'Its nodes could not be set up; SLURM requeues it or ends it next.' },
  { state: 'EXPEDITING', reading: 'pending', meaning: 'It went back to the queue, and goes first.' },
  { state: 'RUNNING', reading: 'running', meaning: 'It has its nodes, and the script has begun.' },
  {
    state: 'COMPLETING',
    reading: 'running',
    meaning: 'The script has ended; its last processes and files are being cleared up.'
  },
  { state: 'RESIZING', reading: 'running', meaning: 'It is about to have more or fewer nodes.' },
  { state: 'SIGNALING', reading: 'running', meaning: 'A signal is on its way to it.' },
  { state: 'STAGE_OUT', reading: 'running', meaning: 'The burst buffer writes its files out.' },
  { state: 'STOPPED', reading: 'running', meaning: 'Its processes are stopped, and it keeps its processors.' },
  { state: 'SUSPENDED', reading: 'running', meaning: 'It is stopped while others use its processors, and goes on later.' },
  { state: 'UPDATE_DB', reading: 'running', meaning: 'Its start is being told to accounting once more.' },
  { state: 'COMPLETED', reading: 'completed', meaning: 'The script ended with exit code 0.' },
  { state: 'FAILED', reading: 'failed', meaning: 'The script ended with another exit code, or by a signal.' },
  { state: 'TIMEOUT', reading: 'timed-out', meaning: 'It ran into its time limit.' },
  { state: 'DEADLINE', reading: 'timed-out', meaning: 'It was not done, or not begun, at its deadline.' },
  { state: 'OUT_OF_MEMORY', reading: 'out-of-memory', meaning: 'It used more memory than it had asked for.' },
  { state: 'NODE_FAIL', reading: 'node-failed', meaning: 'One of its nodes failed, and it was not to be requeued.' },
  { state: 'BOOT_FAIL', reading: 'node-failed', meaning: 'Its nodes did not boot, and it was not to be requeued.' },
  { state: 'CANCELLED', reading: 'cancelled', meaning: 'Its user or an administrator ended it, before it began or after.' },
  { state: 'PREEMPTED', reading: 'cancelled', meaning: 'It had to give way to another job, and was not to be requeued.' },
  { state: 'REVOKED', reading: 'cancelled', meaning: 'Another cluster of the federation has started it instead.' }
]

const readings = new Map(slurmStates.map(({ state, reading }) => [state, reading]))

/** The state without its suffix: `CANCELLED by 1001` and `CANCELLED+` are `CANCELLED`. */
export function stripStateSuffix(state: string): string {
  return /^[A-Z_]+/.exec(state.trim())?.[0] ?? state.trim()
}

/** The outcome of a terminal state; null for any other. A state that we do not know is never an end. */
export function outcomeOfState(state: string): Outcome | null {
  const reading = readings.get(stripStateSuffix(state)) ?? 'running'
  return reading === 'pending' || reading === 'running' ? null : reading
}

/** Where a job is that squeue lists. It has begun unless we know that it waits; how it ended is accounting's to say. */
export function phaseOfState(state: string): SchedulerPhase {
  return readings.get(state) === 'pending' ? 'pending' : 'running'
}
