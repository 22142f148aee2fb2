import { type AccountingRecord, nothingRecorded } from '@lautta/core/accounting/accounting-record'
import type { Outcome } from '@lautta/core/job/outcome'
import type { JobIdentity, RecordedEnding } from '../scheduler.ts'
import type { RayJobInfo } from './ray-job-info.ts'
import { readTraceback } from './ray-refusal.ts'
import { outcomeOfRayState, phaseOfRayState } from './ray-state.ts'

/** What tells a Ray job from another one that gets the same id later. */
export function identityOfRayJob({ jobName, takenAtMs }: RayJobInfo): JobIdentity {
  return { jobName, submittedAtEpoch: epochSeconds(takenAtMs) }
}

/** How a Ray job ended; null has not ended. */
export function endingOfRayJob(job: RayJobInfo): RecordedEnding | null {
  const outcome = outcomeOfRayState(job.status, job.errorType, job.message)
  if (outcome === null) return null
  return {
    outcome,
    exitCode: job.exitCode === null || job.exitCode < 0 ? null : job.exitCode,
    reason: outcome === 'completed' ? null : reasonOf(job),
    startedAt: startOfRayJob(job),
    endedAt: isoTime(job.endedAtMs),
    ...identityOfRayJob(job)
  }
}

/** When its command began; Ray tells only when the cluster took it. */
export function startOfRayJob({ driverNodeId, takenAtMs }: RayJobInfo): string | null {
  return driverNodeId === null ? null : isoTime(takenAtMs)
}

/** The one line of accounting of a Ray job, as far as the Jobs API tells: nothing of what it used. */
export function accountForRayJob(job: RayJobInfo): AccountingRecord {
  const ending = endingOfRayJob(job)
  const takenAt = epochSeconds(job.takenAtMs)
  const startedAt = job.driverNodeId === null ? null : takenAt
  const endedAt = ending === null ? null : epochSeconds(job.endedAtMs)
  const elapsedSeconds = startedAt === null ? 0 : Math.max(0, (endedAt ?? Math.floor(Date.now() / 1000)) - startedAt)
  return {
    ...nothingRecorded,
    jobId: job.submissionId,
    jobName: job.jobName,
    state: ending === null ? phaseOfRayState(job.status).toUpperCase() : slurmStates[ending.outcome],
    exitCode: ending?.exitCode ?? null,
    exitSignal: job.exitCode !== null && job.exitCode < 0 ? -job.exitCode : null,
    nodeList: job.driverAddress,
    submittedAtEpoch: takenAt,
    startedAtEpoch: startedAt,
    endedAtEpoch: endedAt,
    elapsedSeconds
  }
}

const slurmStates: Readonly<Record<Outcome, string>> = {
  completed: 'COMPLETED',
  failed: 'FAILED',
  cancelled: 'CANCELLED',
  'timed-out': 'TIMEOUT',
  'out-of-memory': 'OUT_OF_MEMORY',
  'node-failed': 'NODE_FAIL',
  lost: 'NODE_FAIL'
}

const longestReason = 500

/** Ray's word, how the command ended, and the line of Ray's message that says why: of a traceback, or the log's last. */
function reasonOf({ status, exitCode, message, errorType }: RayJobInfo): string {
  const how = exitCode === null ? '' : exitCode < 0 ? `, signal ${-exitCode}` : `, exit code ${exitCode}`
  const isCommand = errorType === 'JOB_ENTRYPOINT_COMMAND_ERROR'
  const why = errorType === null ? '' : isCommand ? lastWords(message) : readTraceback(message).words
  return (why === '' ? status + how : `${status}${how}: ${why}`).slice(0, longestReason)
}

// What Ray itself says around the last lines of the log.
const ofRay = /^Job entrypoint command failed with exit code |^Running entrypoint for job | -- Runtime env is setting up\.$/

function lastWords(message: string): string {
  const lines = message.split('\n').map((line) => line.trim())
  return lines.findLast((line) => line !== '' && !ofRay.test(line)) ?? ''
}

function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

function epochSeconds(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms / 1000)
}
