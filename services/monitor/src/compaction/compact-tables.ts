import { type CompactedTable, compactedTables, runTables } from '@lautta/core/compaction/run-tables'
import type { Segment } from '@lautta/core/documents/compacted-document'
import { compactedPartPath, compactedPrefix } from '@lautta/core/object-names'
import type { ObjectEntry } from '@lautta/object-store/object-store'
import { listAll } from '@lautta/object-store/read-object'
import { divideOrders, mostRuns } from './divide-orders.ts'
import { findOrders, type ListedTables } from './find-orders.ts'
import { type JoinPorts, joinOrders } from './join-orders.ts'

// Longer than another one needs until the index names the part that it has just written.
const graceMs = 24 * 60 * 60 * 1000
const partForm = /^[A-Z]+\/[0-9a-f]{64}\.parquet$/

export interface CompactionPorts extends JoinPorts {
  now(): Date
  /** Runs of a segment; fewer in tests. */
  mostRuns?: number
}

/**
 * Joins the tables of a user's runs, as far as they stand as they will. First the parts are written, then the index that
 * names them: whoever dies between, or does the same at the same time, leaves nothing wrong. Answers how many segments were
 * joined anew.
 */
export async function compactTables(ports: CompactionPorts, user: string): Promise<number> {
  const { store, management, now } = ports
  const former = await management.readSegments(user)
  const listed = await management.listOrders(user)
  const objects = await listTables(ports, user)
  const parts = await listAll(store, management.bucketOf(user), compactedPrefix)
  const paths = new Set(parts.map(({ path }) => path))
  const orders = await findOrders(management, user, listed, objects, former)
  const segments: Segment[] = []
  let joined = 0
  for (const division of divideOrders(orders, former, (path) => paths.has(path), ports.mostRuns ?? mostRuns)) {
    ports.signal.throwIfAborted()
    if ('kept' in division) segments.push(division.kept)
    else {
      segments.push(await joinOrders(ports, user, division.orders, objects, former))
      joined++
    }
  }
  if (joined > 0 || segments.length !== former.length) await management.writeSegments(user, segments)
  await removeParts(ports, user, parts, [...former, ...segments], new Date(now().getTime() - graceMs))
  return joined
}

async function listTables({ store, management }: CompactionPorts, user: string): Promise<ListedTables> {
  const listTable = async (table: CompactedTable) => {
    const { target, prefix } = runTables[table]
    const found = await listAll(store, management.bucketOf(user, target), prefix)
    return new Map(found.map((object) => [object.path, object]))
  }
  return { sacct: await listTable('sacct'), usage: await listTable('usage'), times: await listTable('times') }
}

/** Removes parts that neither this index nor the one before names: by then nobody is reading them. */
async function removeParts(
  { store, management }: CompactionPorts,
  user: string,
  parts: readonly ObjectEntry[],
  segments: readonly Segment[],
  before: Date
): Promise<void> {
  const named = new Set(
    segments.flatMap(({ parts: held }) =>
      compactedTables.flatMap((table) => {
        const part = held[table]
        return part === null ? [] : [compactedPartPath(table, part.name)]
      })
    )
  )
  for (const { path, modifiedAt } of parts) {
    const isOurs = partForm.test(path.slice(compactedPrefix.length))
    if (!isOurs || named.has(path) || Date.parse(modifiedAt) >= before.getTime()) continue
    await store.delete(management.bucketOf(user), path)
  }
}
