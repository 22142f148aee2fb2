import { type AccountingRecord, nothingRecorded } from '@lautta/core/accounting/accounting-record'
import { lastRunsOf } from '@lautta/core/accounting/last-runs'
import type { Outcome } from '@lautta/core/job/outcome'
import type { RecordedEnding, Scheduler, SubmittedJob } from '../scheduler.ts'
import type { LeftJobs } from './find-left-jobs.ts'
import { accountForRayJob, endingOfRayJob } from './ray-ending.ts'

// A cluster may have been there for long before a Ray job was ordered on it: no partition grants more.
const longestClusterMs = 14 * 24 * 3600 * 1000

// Any other end of a cluster is none that its Ray jobs asked for.
const sharedOutcomes: readonly Outcome[] = ['timed-out', 'node-failed', 'out-of-memory', 'cancelled']

/**
 * How a Ray job ended whose cluster is silent: as the cluster saw it, if it did; else with the cluster's job, which accounting
 * knows. Null: that has not ended.
 */
export async function endWithCluster(
  slurm: Scheduler,
  job: SubmittedJob,
  cluster: string,
  left: LeftJobs
): Promise<RecordedEnding | null | undefined> {
  const own = left.jobs.find(({ token }) => token === job.token)
  const seen = own === undefined ? null : endingOfRayJob(own)
  if (seen !== null) return judgeStopped(left, seen, cluster)
  const isTimedOut = hasRunOutOfTime(left, seen)
  const [said] = await slurm.findEndings([clusterJob(job, cluster)])
  if (said === null || said === undefined) return said
  if (!('outcome' in said)) return null
  const { outcome, reason, endedAt } = said
  return {
    outcome: isTimedOut ? 'timed-out' : sharedOutcomes.includes(outcome) ? outcome : 'failed',
    exitCode: null,
    reason: isTimedOut ? describeTimeLimit(cluster) : `its Ray cluster, job ${cluster}, ended ${reason ?? outcome}`,
    startedAt: null,
    endedAt,
    jobName: `ray.${job.token}`,
    submittedAtEpoch: null
  }
}

/** The end of a Ray job as a cluster tells it: one that it stopped because its time was over has timed out. */
export function judgeStopped(left: LeftJobs, seen: RecordedEnding, cluster: string): RecordedEnding {
  if (!hasRunOutOfTime(left, seen)) return seen
  return { ...seen, outcome: 'timed-out', reason: `${describeTimeLimit(cluster)}: ${seen.reason}` }
}

/** The line of accounting of a cluster's job; null while there is none. */
export async function recordOfCluster(slurm: Scheduler, job: SubmittedJob, cluster: string): Promise<AccountingRecord | null> {
  const { records } = await slurm.collectAccounting(clusterJob(job, cluster))
  return lastRunsOf(records)[0] ?? null
}

/** The line of a Ray job whose cluster is gone: what that saw last of it, and its end, if it had none before. */
export function recordLeft(
  job: SubmittedJob,
  left: LeftJobs,
  { state: ofCluster, endedAtEpoch }: AccountingRecord
): AccountingRecord {
  const info = left.jobs.find(({ token }) => token === job.token)
  const isTimedOut = hasRunOutOfTime(left, info === undefined ? null : endingOfRayJob(info))
  const state = isTimedOut ? 'TIMEOUT' : ofCluster
  if (info === undefined) return { ...nothingRecorded, jobId: job.slurmJobId, jobName: `ray.${job.token}`, state, endedAtEpoch }
  const seen = accountForRayJob(info)
  if (seen.endedAtEpoch !== null) return isTimedOut ? { ...seen, state } : seen
  const { startedAtEpoch } = seen
  const elapsedSeconds = startedAtEpoch === null || endedAtEpoch === null ? 0 : Math.max(0, endedAtEpoch - startedAtEpoch)
  return { ...seen, state, endedAtEpoch, elapsedSeconds }
}

// Its script stops its Ray jobs just before the time limit: so they say, and SLURM saw it end in order.
function hasRunOutOfTime({ ended }: LeftJobs, seen: RecordedEnding | null): boolean {
  return ended === 'time-limit' && (seen === null || seen.outcome === 'cancelled')
}

function describeTimeLimit(cluster: string): string {
  return `its Ray cluster, job ${cluster}, came to its time limit`
}

/** The job of a cluster, as accounting is asked about it by somebody who knows its id alone. */
function clusterJob({ orderedAt, acceptedAt }: SubmittedJob, cluster: string): SubmittedJob {
  return { slurmJobId: cluster, token: '', orderedAt: new Date(orderedAt.getTime() - longestClusterMs), acceptedAt }
}
