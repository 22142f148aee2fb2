import type { AccountingRecord } from './accounting-record.ts'
import { lastRunsOf } from './last-runs.ts'

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

/**
 * What a job used, from its own lines of accounting; null when the job's own line is not among them. Of an array it is
 * what its tasks used together, but for memory, which each of them had for itself; its wall clock goes from the first
 * beginning to the last end.
 */
export function computeUsage(records: readonly AccountingRecord[]): Usage | null {
  // Of a requeued job or task, the last run counts.
  const jobs = lastRunsOf(records)
  const job = jobs.find(({ state }) => state !== 'COMPLETED') ?? jobs[0]
  if (job === undefined) return null
  const runs = new Map(jobs.map(({ arrayTask, restart }) => [arrayTask, restart]))
  const lines = records.filter(({ arrayTask, restart }) => runs.get(arrayTask) === restart)
  const coreWalltimeSeconds = sum(
    jobs.map(({ elapsedSeconds: of, allocCpus: by }) => (of === null || by === null ? null : of * by))
  )
  const cpuUtilizedSeconds = sum(jobs.map(({ totalCpuSeconds }) => totalCpuSeconds))
  // Memory is sampled per step and task, and never on the job's own line; a local job has no steps.
  const memoryUtilizedBytes = greatest(lines.map(({ maxRssBytes }) => maxRssBytes))
  const { allocNodes: nodes, allocCpus, reqMemBytes: memoryAllocatedBytes } = job
  return {
    jobId: job.jobId,
    state: job.state,
    nodes,
    coresPerNode: allocCpus === null || !nodes ? null : allocCpus / nodes,
    cpuUtilizedSeconds,
    coreWalltimeSeconds,
    cpuEfficiencyPercent: percent(cpuUtilizedSeconds, coreWalltimeSeconds),
    wallClockSeconds: jobs.length === 1 ? job.elapsedSeconds : spanOf(jobs),
    memoryUtilizedBytes,
    memoryAllocatedBytes,
    memoryEfficiencyPercent: percent(memoryUtilizedBytes, memoryAllocatedBytes),
    energyJoules: sum(jobs.map(({ consumedEnergyJoules }) => consumedEnergyJoules))
  }
}

function spanOf(jobs: readonly AccountingRecord[]): number | null {
  const begun = jobs.filter(({ startedAtEpoch }) => startedAtEpoch !== null)
  const last = greatest(begun.map(({ endedAtEpoch }) => endedAtEpoch))
  const first = greatest(begun.map(({ startedAtEpoch }) => startedAtEpoch && -startedAtEpoch))
  return last === null || first === null ? null : last + first
}

/** Of what is known; null when nothing is. */
function sum(values: readonly (number | null)[]): number | null {
  return values.reduce((one, other) => (one === null || other === null ? (one ?? other) : one + other), null)
}

function greatest(values: readonly (number | null)[]): number | null {
  return values.reduce((one, other) => (one === null || other === null ? (one ?? other) : Math.max(one, other)), null)
}

function percent(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : (100 * part) / whole
}
