import { type AccountingRecord, nothingRecorded } from '@lautta/core/accounting/accounting-record'
import { lastRunsOf } from '@lautta/core/accounting/last-runs'
import type { Outcome } from '@lautta/core/job/outcome'
import type { RecordedEnding, Scheduler, SubmittedJob } from '../scheduler.ts'
import { accountForRayJob, endingOfRayJob } from './ray-ending.ts'
import type { RayJobInfo } from './ray-job-info.ts'

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
  left: readonly RayJobInfo[]
): Promise<RecordedEnding | null | undefined> {
  const own = left.find(({ token }) => token === job.token)
  const seen = own === undefined ? null : endingOfRayJob(own)
  if (seen !== null) return seen
  const [said] = await slurm.findEndings([clusterJob(job, cluster)])
  if (said === null || said === undefined) return said
  if (!('outcome' in said)) return null
  const { outcome, reason, endedAt } = said
  return {
    outcome: sharedOutcomes.includes(outcome) ? outcome : 'failed',
    exitCode: null,
    reason: `its Ray cluster, job ${cluster}, ended ${reason ?? outcome}`,
    startedAt: null,
    endedAt,
    jobName: `ray.${job.token}`,
    submittedAtEpoch: null
  }
}

/** The line of accounting of a cluster's job; null while there is none. */
export async function recordOfCluster(slurm: Scheduler, job: SubmittedJob, cluster: string): Promise<AccountingRecord | null> {
  const records = await slurm.collectAccounting(clusterJob(job, cluster))
  return lastRunsOf(records)[0] ?? null
}

/** The line of a Ray job whose cluster is gone: what that saw last of it, and its end, if it had none before. */
export function recordLeft(
  job: SubmittedJob,
  left: readonly RayJobInfo[],
  { state, endedAtEpoch }: AccountingRecord
): AccountingRecord {
  const info = left.find(({ token }) => token === job.token)
  if (info === undefined) return { ...nothingRecorded, jobId: job.slurmJobId, jobName: `ray.${job.token}`, state, endedAtEpoch }
  const seen = accountForRayJob(info)
  if (seen.endedAtEpoch !== null) return seen
  const { startedAtEpoch } = seen
  const elapsedSeconds = startedAtEpoch === null || endedAtEpoch === null ? 0 : Math.max(0, endedAtEpoch - startedAtEpoch)
  return { ...seen, state, endedAtEpoch, elapsedSeconds }
}

/** The job of a cluster, as accounting is asked about it by somebody who knows its id alone. */
function clusterJob({ orderedAt, acceptedAt }: SubmittedJob, cluster: string): SubmittedJob {
  return { slurmJobId: cluster, token: '', orderedAt: new Date(orderedAt.getTime() - longestClusterMs), acceptedAt }
}
