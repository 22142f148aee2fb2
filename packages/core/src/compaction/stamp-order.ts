import { createHash } from 'node:crypto'
import { type Run, runName } from '../object-names.ts'

/** What a listing tells of an order, as far as its runs follow from it. */
export interface StampedOrder {
  hasRequest: boolean
  versions: readonly number[]
  statusEtags: ReadonlyMap<string, string>
}

/** By which it is seen that the documents of an order are the same as when its runs were found. */
export function stampOrder({ hasRequest, versions, statusEtags }: StampedOrder): string {
  return stamp([hasRequest, versions[0] ?? 0, [...statusEtags].sort(byFirst)])
}

/**
 * By which it is seen that the objects of a table, of all runs of an order, are the same as when they were joined. Null
 * is the ETag of one that is not there.
 */
export function stampTable(runs: readonly Run[], etagOf: (run: Run) => string | null): string {
  return stamp(runs.map((run): [string, string | null] => [runName(run), etagOf(run)]).sort(byFirst))
}

function byFirst([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function stamp(value: unknown): string {
  // 96 bits: of two that differ nobody sees the same.
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16)
}
