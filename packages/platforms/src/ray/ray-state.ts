import type { SchedulerPhase } from '@lautta/core/job/job-event'
import type { Outcome } from '@lautta/core/job/outcome'

/** A state of a Ray job, how we read it, and why. */
export interface RayState {
  state: string
  /** A phase: no end. An outcome: how it ended. */
  reading: SchedulerPhase | Outcome
  meaning: string
}

/** All states of the Jobs API, up to Ray 2.60. */
export const rayStates: readonly RayState[] = [
  { state: 'PENDING', reading: 'pending', meaning: 'It waits for its packages, or for what it wants kept free.' },
  { state: 'RUNNING', reading: 'running', meaning: 'Its command runs.' },
  { state: 'STOPPED', reading: 'cancelled', meaning: 'It was stopped, and its command was ended.' },
  { state: 'SUCCEEDED', reading: 'completed', meaning: 'Its command ended with exit code 0.' },
  { state: 'FAILED', reading: 'failed', meaning: 'Its command failed, or never began: the kind of failure tells.' }
]

/** A kind of failure of a Ray job, how we read it, and why. */
export interface RayFailure {
  kind: string
  reading: Outcome
  meaning: string
}

/** All kinds of failure that the Jobs API knows, up to Ray 2.60. */
export const rayFailures: readonly RayFailure[] = [
  { kind: 'RUNTIME_ENV_SETUP_FAILURE', reading: 'failed', meaning: 'Its packages or its directory could not be set up.' },
  { kind: 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT', reading: 'failed', meaning: 'What it wants kept free was not free in time.' },
  { kind: 'JOB_SUPERVISOR_ACTOR_START_FAILURE', reading: 'failed', meaning: 'Ray could not begin it.' },
  { kind: 'JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE', reading: 'failed', meaning: 'No node can ever take it.' },
  {
    kind: 'JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE',
    reading: 'node-failed',
    meaning: "Ray lost sight of it, and says that it doesn't know why."
  },
  { kind: 'JOB_SUPERVISOR_ACTOR_DIED', reading: 'node-failed', meaning: "Ray's own process beside it died, or its node did." },
  { kind: 'JOB_ENTRYPOINT_COMMAND_START_ERROR', reading: 'failed', meaning: 'Its command could not be started.' },
  { kind: 'JOB_ENTRYPOINT_COMMAND_ERROR', reading: 'failed', meaning: 'Its command ended with another exit code than 0.' }
]

const readings = new Map(rayStates.map(({ state, reading }) => [state, reading]))
const failures = new Map(rayFailures.map(({ kind, reading }) => [kind, reading]))

/** States in which a Ray job has ended. */
export const endedStates: readonly string[] = rayStates
  .filter(({ reading }) => reading !== 'pending' && reading !== 'running')
  .map(({ state }) => state)

/** Where a Ray job is that has not ended. It has begun unless we know that it waits. */
export function phaseOfRayState(state: string): SchedulerPhase {
  return readings.get(state) === 'pending' ? 'pending' : 'running'
}

// What a driver prints last when Ray ended its tasks for that: an ordinary failure of the command, to the Jobs API.
const outOfMemory = /^ray\.exceptions\.OutOfMemoryError\b|\bNODE_OUT_OF_MEMORY\b|memory pressure/m
const nodeDied = /^ray\.exceptions\.NodeDiedError\b/m

/** How a Ray job ended; null has not. A state that we do not know is never an end. */
export function outcomeOfRayState(state: string, errorType: string | null, message: string): Outcome | null {
  const reading = readings.get(state) ?? 'running'
  if (reading === 'pending' || reading === 'running') return null
  if (reading !== 'failed') return reading
  if (outOfMemory.test(message)) return 'out-of-memory'
  return nodeDied.test(message) ? 'node-failed' : (failures.get(errorType ?? '') ?? 'failed')
}
