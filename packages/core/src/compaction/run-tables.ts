import type { BucketTarget } from '../buckets.ts'
import { logTablePath, type Run, sacctPath, timesPath, usagePath } from '../object-names.ts'

/** A table of which each run has an object of its own. */
export interface RunTable {
  target: BucketTarget
  /** What the names of all its objects begin with. */
  prefix: string
  pathOf(run: Run): string
}

/** The tables whose objects are also joined into parts. */
export const compactedTables = ['sacct', 'usage', 'times'] as const
export type CompactedTable = (typeof compactedTables)[number]

/** Logs are not joined: they are as long as they are, and mostly read one by one. */
export const runTableNames = [...compactedTables, 'logs'] as const
export type RunTableName = (typeof runTableNames)[number]

/** Where the objects of each table lie. */
export const runTables: Readonly<Record<RunTableName, RunTable>> = {
  sacct: { target: 'submitter', prefix: 'ARTIFACTS/SACCT/', pathOf: sacctPath },
  usage: { target: 'submitter', prefix: 'ARTIFACTS/USAGE/', pathOf: usagePath },
  times: { target: 'pipeline', prefix: 'TIMES/', pathOf: timesPath },
  logs: { target: 'pipeline', prefix: 'LOGS/', pathOf: logTablePath }
}

/** Whether a table is one of those that are joined. */
export function isCompacted(table: RunTableName): table is CompactedTable {
  return compactedTables.some((one) => one === table)
}
