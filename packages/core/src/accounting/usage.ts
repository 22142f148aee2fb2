import type { AccountingRecord } from './accounting-record.ts'

/** What a run used of what it had. Efficiencies are per cent; null is what can't be told. */
export interface Usage {
  jobId: string
  state: string | null
  nodes: number | null
  coresPerNode: number | null
  cpuUtilizedSeconds: number | null
  coreWalltimeSeconds: number | null
  cpuEfficiencyPercent: number | null
  wallClockSeconds: number | null
  memoryUtilizedBytes: number | null
  memoryAllocatedBytes: number | null
  memoryEfficiencyPercent: number | null
  energyJoules: number | null
}

/** What a job used, from its own lines of accounting; null when the job's own line is not among them. */
export function computeUsage(records: readonly AccountingRecord[]): Usage | null {
  // Of a requeued job, the last run counts.
  const job = records.filter(({ jobStep }) => jobStep === null).at(-1)
  if (job === undefined) return null
  const steps = records.filter(({ jobStep, restart }) => jobStep !== null && restart === job.restart)
  const coreWalltimeSeconds = job.elapsedSeconds === null || job.allocCpus === null ? null : job.elapsedSeconds * job.allocCpus
  // Memory is sampled per step and task, and never on the job's own line; a local job has no steps.
  const peaks = [job, ...steps].flatMap(({ maxRssBytes }) => maxRssBytes ?? [])
  const memoryUtilizedBytes = peaks.length === 0 ? null : Math.max(...peaks)
  return {
    jobId: job.jobId,
    state: job.state,
    nodes: job.allocNodes,
    coresPerNode: job.allocCpus === null || !job.allocNodes ? null : job.allocCpus / job.allocNodes,
    cpuUtilizedSeconds: job.totalCpuSeconds,
    coreWalltimeSeconds,
    cpuEfficiencyPercent: percent(job.totalCpuSeconds, coreWalltimeSeconds),
    wallClockSeconds: job.elapsedSeconds,
    memoryUtilizedBytes,
    memoryAllocatedBytes: job.reqMemBytes,
    memoryEfficiencyPercent: percent(memoryUtilizedBytes, job.reqMemBytes),
    energyJoules: job.consumedEnergyJoules
  }
}

function percent(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : (100 * part) / whole
}
