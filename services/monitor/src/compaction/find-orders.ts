import { comparePositions, positionOfOrder, positionOfRun } from '@lautta/core/compaction/run-sequence'
import { type CompactedTable, compactedTables, runTables } from '@lautta/core/compaction/run-tables'
import { stampOrder, stampTable } from '@lautta/core/compaction/stamp-order'
import type { CompactedOrder, Segment } from '@lautta/core/documents/compacted-document'
import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import type { StatusDocument } from '@lautta/core/documents/status-document'
import { mapLimited } from '@lautta/core/map-limited'
import type { Run } from '@lautta/core/object-names'
import { finishedRuns, isAllStored } from '@lautta/core/orchestration/finished-runs'
import type { KnownOrder } from '@lautta/core/orchestration/known-order'
import type { ListedOrder } from '@lautta/object-store/list-orders'
import type { Management } from '@lautta/object-store/management'
import type { ObjectEntry } from '@lautta/object-store/object-store'

// Orders that are read at a time.
const mostReads = 8

/** The listed objects of each table, by path. */
export type ListedTables = Readonly<Record<CompactedTable, ReadonlyMap<string, ObjectEntry>>>

/** An order that may be joined: nothing is left to do for it. */
export interface StoredOrder {
  id: string
  createdAt: string
  stamp: string
  /** In the sequence of joined tables. */
  runs: readonly Run[]
  /** Of the objects that its runs have now. */
  tables: Readonly<Record<CompactedTable, string>>
}

/** The orders of a user whose runs may be joined, in their sequence. Of those that stand as before no document is read. */
export async function findOrders(
  management: Management,
  user: string,
  listed: readonly ListedOrder[],
  objects: ListedTables,
  former: readonly Segment[]
): Promise<StoredOrder[]> {
  const known = new Map(former.flatMap(({ orders }) => orders.map((order) => [order.id, order] as const)))
  const found = await mapLimited(listed, mostReads, async (one) => {
    const stamp = stampOrder(one)
    const before = known.get(one.id)
    const told = before?.stamp === stamp ? runsAsBefore(before) : await leaveUnreadable(readStored(management, user, one))
    if (told === null) return null
    const tables = Object.fromEntries(
      compactedTables.map((table) => {
        const etagOf = (run: Run) => objects[table].get(runTables[table].pathOf(run))?.etag ?? null
        return [table, stampTable(told.runs, etagOf)]
      })
    ) as Record<CompactedTable, string>
    return { ...told, id: one.id, stamp, tables }
  })
  const orders = found.filter((one) => one !== null)
  return orders.sort((a, b) => comparePositions(positionOfOrder(a), positionOfOrder(b)))
}

type Told = Pick<StoredOrder, 'createdAt' | 'runs'>

function runsAsBefore({ id, createdAt, runs }: CompactedOrder): Told {
  return { createdAt, runs: runs.map(([platform, index, attempt]) => ({ id, platform, index, attempt })) }
}

/** Null when something is left to do for the order, or when its documents are others by now. */
async function readStored(management: Management, user: string, listed: ListedOrder): Promise<Told | null> {
  const { id, versions, statusEtags } = listed
  if (statusEtags.size === 0) return null
  const request = await management.readAccepted(user, id, versions)
  if (request === null) return null
  const statuses = new Map<string, StatusDocument>()
  for (const [platform, etag] of statusEtags) {
    const found = await management.readStatusWithEtag(user, id, platform)
    if (found?.etag !== etag) return null
    statuses.set(platform, found.document)
  }
  const known: KnownOrder = { request, earlier: new Map(), orders: [], statuses }
  const earlier = new Map<number, KnownOrder['request']['request']>()
  await management.readEarlier(
    user,
    request,
    [...statuses.values()].flatMap(({ jobs }) => jobs),
    earlier
  )
  const whole = { ...known, earlier }
  if (!isAllStored(whole)) return null
  const runs = finishedRuns(whole)
  const place = (run: Run) => positionOfRun(request.createdAt, run)
  return { createdAt: request.createdAt, runs: runs.sort((a, b) => comparePositions(place(a), place(b))) }
}
