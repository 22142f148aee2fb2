import type { AccountingRecord } from './accounting-record.ts'
import { readTrackedResources } from './tracked-resources.ts'

/**
 * The most that a job's memory can have been, as seff estimates it: accounting knows the largest process of each step, and
 * all tasks of the step may have been as large. Memory is never on the job's own line; a local job has no other.
 */
export function usedMemory(lines: readonly AccountingRecord[]): number | null {
  const known = lines.flatMap(({ maxRssBytes, taskCount }) => (maxRssBytes === null ? [] : maxRssBytes * (taskCount ?? 1)))
  return known.length === 0 ? null : known.reduce((one, other) => Math.max(one, other))
}

/** What the job had in all its nodes together: what SLURM gave it, or, where it does not say, what was asked for. */
export function allocatedMemory({ allocTres, reqMemBytes }: AccountingRecord): number | null {
  return readTrackedResources(allocTres)?.memoryBytes ?? reqMemBytes
}
