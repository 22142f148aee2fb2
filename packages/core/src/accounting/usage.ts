import { billRuns } from '../billing/bill-runs.ts'
import type { BillingFormula } from '../billing/billing-formula.ts'
import type { AccountingRecord } from './accounting-record.ts'
import { gpuEfficiencyOf, gpuHoursOf } from './gpu-usage.ts'
import { lastRunsOf, unitOf } from './last-runs.ts'
import { usedEnergy } from './used-energy.ts'
import { allocatedMemory, usedMemory } from './used-memory.ts'

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
  gpuHours: number | null
  energyJoules: number | null
  cpuBu: number | null
  gpuBu: number | null
  storageBu: number | null
  billedProject: string | null
  /** Who says it: the platform's seff or lumi-allocations, where it said anything, else our own arithmetic. */
  source: 'seff' | 'formula' | 'lumi-allocations'
  gpuEfficiencyPercent: number | null
}

/**
 * What a job used, from its own lines of accounting; null when the job's own line is not among them. Of an array it is
 * what its tasks used together, but for memory, which each of them had for itself; its wall clock goes from the first
 * beginning to the last end. The components of a heterogeneous job run side by side: what they had is told of all. How well
 * it ran is told of the last run of a requeued job or task; GPU hours, energy and billing units are of all its runs.
 */
export function computeUsage(records: readonly AccountingRecord[], formulas: readonly BillingFormula[] = []): Usage | null {
  const jobs = lastRunsOf(records)
  const job = jobs.find(({ state }) => state !== 'COMPLETED') ?? jobs[0]
  if (job === undefined) return null
  const runs = new Map(jobs.map((one) => [unitOf(one), one.restart]))
  const lines = records.filter((record) => runs.get(unitOf(record)) === record.restart)
  const coreWalltimeSeconds = sum(
    jobs.map(({ elapsedSeconds: of, allocCpus: by }) => (of === null || by === null ? null : of * by))
  )
  const cpuUtilizedSeconds = sum(jobs.map(({ totalCpuSeconds }) => totalCpuSeconds))
  const parts = job.hetComponent === undefined ? [job] : jobs
  const memoryUtilizedBytes = sum(
    parts.map(({ hetComponent }) => usedMemory(lines.filter((line) => line.hetComponent === hetComponent)))
  )
  const memoryAllocatedBytes = sum(parts.map(allocatedMemory))
  const nodes = sum(parts.map(({ allocNodes }) => allocNodes))
  const allocCpus = sum(parts.map((part) => part.allocCpus))
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
    gpuHours: sum(records.filter(({ jobStep }) => jobStep === null).map(gpuHoursOf)),
    energyJoules: sum(allRunsOf(records).map(usedEnergy)),
    ...billRuns(formulas, records),
    storageBu: null,
    billedProject: job.account,
    source: 'formula',
    gpuEfficiencyPercent: gpuEfficiencyOf(lines)
  }
}

/** The lines of each run, with its steps. */
function allRunsOf(records: readonly AccountingRecord[]): AccountingRecord[][] {
  const byRun = new Map<string, AccountingRecord[]>()
  for (const record of records) {
    const key = `${unitOf(record)} ${record.restart}`
    const run = byRun.get(key) ?? []
    byRun.set(key, run)
    run.push(record)
  }
  return [...byRun.values()]
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
