import { epochInZone } from '../workspaces/epoch-in-zone.ts'
import type { Allocation } from '../workspaces/workspace.ts'

/** What is to be known of a job before what its project has used can tell its bill. */
export interface JobToBill {
  project: string
  slurmJobId: string
  startedAtEpoch: number
  endedAtEpoch: number
  /** By the formula; null is not known. */
  cpuBu: number | null
  gpuBu: number | null
}

/** What two readings say of a job. `too-early`: the later data are not of after its end. `not-told`: they will never tell. */
export type Comparison =
  | { kind: 'told'; cpuBu: number | null; gpuBu: number | null; storageBu: number | null; fromEpoch: number; toEpoch: number }
  | { kind: 'too-early' | 'not-told' }

const notTold: Comparison = { kind: 'not-told' }

/**
 * Takes what a project has used more, between data of before a job's beginning and data of after its end, for the job's
 * bill. The numbers are whole hours, so that a difference of a few says less than the formula; and when it is far from the
 * formula, somebody else's jobs are in it, or this one isn't yet.
 */
export function compareAllocations(
  before: readonly Allocation[],
  after: readonly Allocation[],
  job: JobToBill,
  timeZone: string | null
): Comparison {
  const [was, is] = [before, after].map((all) => all.find(({ project }) => project === job.project))
  if (was?.date == null || is?.date == null || timeZone === null) return notTold
  const [fromEpoch, toEpoch] = [epochInZone(was.date, timeZone), epochInZone(is.date, timeZone)]
  if (fromEpoch === null || toEpoch === null || fromEpoch > job.startedAtEpoch) return notTold
  if (toEpoch < job.endedAtEpoch) return { kind: 'too-early' }
  const cpuBu = difference(was.usedCoreHours, is.usedCoreHours)
  const gpuBu = difference(was.usedGpuHours, is.usedGpuHours)
  if (!isLikely(cpuBu, job.cpuBu) || !isLikely(gpuBu, job.gpuBu)) return notTold
  if (!saysMore(cpuBu, job.cpuBu) && !saysMore(gpuBu, job.gpuBu)) return notTold
  const storageBu = difference(was.usedTbHours, is.usedTbHours)
  return { kind: 'told', cpuBu: cpuBu ?? job.cpuBu, gpuBu: gpuBu ?? job.gpuBu, storageBu, fromEpoch, toEpoch }
}

function difference(was: number | null, is: number | null): number | null {
  return was === null || is === null ? null : is - was
}

// Two numbers are rounded.
const roundedBy = 1

/** Prices may have changed since the formula was read, though not by more than half or double. */
function isLikely(used: number | null, billed: number | null): boolean {
  if (used === null) return true
  if (used < 0) return false
  return billed === null || (used <= 2 * billed + roundedBy && used >= billed / 2 - roundedBy)
}

const leastUsed = 10

/** Whether it is more exact than the formula: rounded by less than a tenth, or there is no formula. */
function saysMore(used: number | null, billed: number | null): boolean {
  return used !== null && (used >= leastUsed || (billed === null && used > 0))
}
