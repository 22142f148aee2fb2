import { comparePositions, positionOfOrder } from '@lautta/core/compaction/run-sequence'
import { compactedTables } from '@lautta/core/compaction/run-tables'
import type { Segment } from '@lautta/core/documents/compacted-document'
import { compactedPartPath } from '@lautta/core/object-names'
import type { StoredOrder } from './find-orders.ts'

/** Runs of a segment, unless one order alone has more. */
export const mostRuns = 2000

/** What becomes of a stretch of orders: the segment that holds them stays, or they are joined anew. */
export type Division = { kept: Segment } | { orders: readonly StoredOrder[] }

/**
 * Divides orders into segments. Each segment has its stretch of the sequence; one in which nothing changed stays as it is,
 * so that little is written again. A stretch with too many runs is divided into equal parts.
 */
export function divideOrders(
  orders: readonly StoredOrder[],
  former: readonly Segment[],
  isThere: (partPath: string) => boolean,
  most = mostRuns
): Division[] {
  const beginnings = former.slice(1).map(({ orders: [first] }) => (first === undefined ? [] : positionOfOrder(first)))
  const stretches: StoredOrder[][] = Array.from({ length: Math.max(1, former.length) }, () => [])
  let at = 0
  for (const order of orders) {
    for (let next = beginnings[at]; next !== undefined; next = beginnings[at]) {
      if (comparePositions(positionOfOrder(order), next) < 0) break
      at++
    }
    stretches[at]?.push(order)
  }
  return stretches.flatMap((stretch, index): Division[] => {
    const segment = former[index]
    if (segment !== undefined && isSame(segment, stretch) && hasParts(segment, isThere)) return [{ kept: segment }]
    return divideStretch(stretch, most).map((part) => ({ orders: part }))
  })
}

/** Whether a segment holds these orders as they stand. What was left out of it may stay out: it is read one by one. */
function isSame({ orders }: Segment, stretch: readonly StoredOrder[]): boolean {
  if (orders.length !== stretch.length) return false
  return orders.every(({ id, stamp, tables }, index) => {
    const now = stretch[index]
    if (now?.id !== id || now.stamp !== stamp) return false
    return compactedTables.every((table) => tables[table] === null || tables[table] === now.tables[table])
  })
}

function hasParts({ parts }: Segment, isThere: (partPath: string) => boolean): boolean {
  return compactedTables.every((table) => {
    const part = parts[table]
    return part === null || isThere(compactedPartPath(table, part.name))
  })
}

function divideStretch(orders: readonly StoredOrder[], most: number): StoredOrder[][] {
  const runs = orders.reduce((sum, order) => sum + order.runs.length, 0)
  const target = runs / Math.max(1, Math.ceil(runs / most))
  const divided: StoredOrder[][] = []
  let count = 0
  for (const order of orders) {
    const last = divided.at(-1)
    if (last === undefined || count >= target) {
      divided.push([order])
      count = 0
    } else last.push(order)
    count += order.runs.length
  }
  return divided
}
