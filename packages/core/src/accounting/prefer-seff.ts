import type { AccountingRecord } from './accounting-record.ts'
import { lastRunsOf } from './last-runs.ts'
import type { SeffReport } from './read-seff.ts'
import type { Usage } from './usage.ts'

/** The job that seff can be asked about, where it has something to say: of an array it tells one task, of a requeued job one run. */
export function jobForSeff(records: readonly AccountingRecord[]): AccountingRecord | null {
  const own = records.filter(({ jobStep }) => jobStep === null)
  const [job] = lastRunsOf(records)
  return own.length === 1 && job !== undefined && job.arrayTask === null && job.elapsedSeconds ? job : null
}

/**
 * Takes over what seff says, where it says something: only of the job of that accounting line, as it ended. An id may have
 * been another job's, and seff may have looked before the database was told of the end.
 */
export function preferSeff(usage: Usage, job: AccountingRecord, seff: SeffReport): Usage {
  const isOfJob = seff.jobId === job.jobId && seff.arrayTask === null && seff.state === job.state
  if (!isOfJob || seff.wallClockSeconds !== job.elapsedSeconds) return usage
  const { billed } = seff
  const unit = billed?.of ?? billedUnitOf(usage)
  const bill = billed === null ? {} : { cpuBu: 0, gpuBu: 0, [unit === 'gpu-bu' ? 'gpuBu' : 'cpuBu']: billed.units }
  return {
    ...usage,
    ...bill,
    nodes: seff.nodes ?? usage.nodes,
    coresPerNode: seff.coresPerNode ?? usage.coresPerNode,
    cpuUtilizedSeconds: seff.cpuUtilizedSeconds ?? usage.cpuUtilizedSeconds,
    coreWalltimeSeconds: seff.coreWalltimeSeconds ?? usage.coreWalltimeSeconds,
    cpuEfficiencyPercent: seff.cpuEfficiencyPercent ?? usage.cpuEfficiencyPercent,
    memoryUtilizedBytes: seff.memoryUtilizedBytes ?? usage.memoryUtilizedBytes,
    memoryAllocatedBytes: seff.memoryAllocatedBytes ?? usage.memoryAllocatedBytes,
    memoryEfficiencyPercent: seff.memoryEfficiencyPercent ?? usage.memoryEfficiencyPercent,
    billedProject: seff.billedProject ?? usage.billedProject,
    source: 'seff'
  }
}

/** Which units they are where seff does not say: those of the partition's formula, else what the job had. */
function billedUnitOf({ gpuBu, gpuHours }: Usage): 'cpu-bu' | 'gpu-bu' {
  return (gpuBu ?? gpuHours ?? 0) > 0 ? 'gpu-bu' : 'cpu-bu'
}
