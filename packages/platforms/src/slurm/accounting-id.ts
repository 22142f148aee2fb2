import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'

/** Of what a line of accounting is. */
export type AccountingId = Pick<AccountingRecord, 'jobId' | 'jobStep' | 'arrayTask' | 'hetComponent'>

/**
 * Reads a JobID of sacct: `20`, `20.batch`, `20_7`, `20_7.0`, and of a heterogeneous job `30+1`, `30+1.0`. A pending array's
 * `20_[1-9]` has no one task. Null is of no form that we know.
 */
export function readAccountingId(text: string): AccountingId | null {
  const [, jobId, task, component, step] = /^(\d+)(?:_(\d+)|_\[[^\]]*\]|\+(\d+))?(?:\.(.+))?$/.exec(text) ?? []
  if (jobId === undefined) return null
  return {
    ...{ jobId, jobStep: step ?? null, arrayTask: task === undefined ? null : Number(task) },
    ...(component === undefined ? {} : { hetComponent: Number(component) })
  }
}

/** SLURM's id at the beginning of a line, of whatever form the line is; null when there is none. */
export function jobIdOfLine(line: string): string | null {
  return /^\d+/.exec(line)?.[0] ?? null
}
