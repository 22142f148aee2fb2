import type { AccountingRecord } from './accounting-record.ts'
import { readTrackedResources } from './tracked-resources.ts'

/** How long a run had its GPUs, each counted; a slice of one counts as SLURM counts it, as one. Null is not known. */
export function gpuHoursOf({ allocTres, elapsedSeconds }: AccountingRecord): number | null {
  // What did not begin was given nothing.
  if (elapsedSeconds === 0) return 0
  const given = readTrackedResources(allocTres)
  return given === null || elapsedSeconds === null ? null : ((given.gpus + given.gpuSlices) * elapsedSeconds) / 3600
}

/**
 * How much of the time of its GPUs a job used, in per cent, from what was seen of each step: the average of its tasks.
 * Null where there were none, or the cluster does not look.
 */
export function gpuEfficiencyOf(lines: readonly AccountingRecord[]): number | null {
  const jobs = lines.filter(({ jobStep }) => jobStep === null)
  const hours = jobs.reduce((sum, job) => sum + (gpuHoursOf(job) ?? 0), 0)
  const seen = lines.flatMap(({ gpuUsePercent: use, taskCount, elapsedSeconds }) =>
    use === null ? [] : (use * (taskCount ?? 1) * (elapsedSeconds ?? 0)) / 3600
  )
  if (hours === 0 || seen.length === 0) return null
  // Samples are taken now and then: all of them together may come to more than there is.
  return Math.min(100, seen.reduce((sum, one) => sum + one, 0) / hours)
}
