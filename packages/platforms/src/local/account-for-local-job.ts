import { type AccountingRecord, nothingRecorded } from '@lautta/core/accounting/accounting-record'
import type { LocalEnd, LocalJob, LocalRun } from './local-job.ts'

/** SLURM's word for how a local job ended. */
export function slurmStateOf({ why, exitCode }: LocalEnd): string {
  switch (why) {
    case 'exit':
      return exitCode === 0 ? 'COMPLETED' : 'FAILED'
    case 'timeout':
      return 'TIMEOUT'
    case 'cancelled':
      return 'CANCELLED'
    case 'lost':
      return 'NODE_FAIL'
  }
}

/** The one line of accounting of a local job, of what its runner measured. */
export function accountForLocalJob(id: string, job: LocalJob, run: LocalRun | null, end: LocalEnd | null): AccountingRecord {
  const submittedAt = epochSeconds(job.submittedAt)
  const startedAt = epochSeconds(end === null ? (run?.startedAt ?? null) : end.startedAt)
  const endedAt = epochSeconds(end?.endedAt ?? null)
  const elapsedSeconds = startedAt === null ? 0 : (endedAt ?? Date.now() / 1000) - startedAt
  const cpuSeconds = end?.cpuSeconds ?? null
  return {
    ...nothingRecorded,
    jobId: id,
    jobName: job.jobName,
    state: end !== null ? slurmStateOf(end) : run === null ? 'PENDING' : 'RUNNING',
    exitCode: end?.exitCode ?? null,
    exitSignal: end?.signal ?? null,
    reqCpus: 1,
    allocCpus: 1,
    reqNodes: 1,
    allocNodes: 1,
    aveCpuSeconds: cpuSeconds,
    maxRssBytes: end?.peakMemoryBytes ?? null,
    timeLimitSeconds: job.timeLimitSeconds,
    submittedAtEpoch: floor(submittedAt),
    startedAtEpoch: floor(startedAt),
    endedAtEpoch: floor(endedAt),
    elapsedSeconds,
    plannedSeconds: startedAt === null || submittedAt === null ? null : Math.max(0, startedAt - submittedAt),
    cpuTimeSeconds: elapsedSeconds,
    totalCpuSeconds: cpuSeconds
  }
}

function epochSeconds(at: string | null): number | null {
  return at === null ? null : Date.parse(at) / 1000
}

function floor(seconds: number | null): number | null {
  return seconds === null ? null : Math.floor(seconds)
}
