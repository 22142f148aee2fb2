import { createHash } from 'node:crypto'
import { type CompactedTable, compactedTables, runTables } from '@lautta/core/compaction/run-tables'
import type { CompactedPart, Segment } from '@lautta/core/documents/compacted-document'
import { StorageError } from '@lautta/core/errors'
import { compactedPartPath, type Run, runName } from '@lautta/core/object-names'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { readObject, readObjectWithEtag } from '@lautta/object-store/read-object'
import type { Column, Row } from '@lautta/tables/column'
import { joinedColumns, joinRow, uniteColumns } from '@lautta/tables/joined-columns'
import { readPart } from '@lautta/tables/read-part'
import { readTable } from '@lautta/tables/read-table'
import { writeTable } from '@lautta/tables/write-table'
import type { ListedTables, StoredOrder } from './find-orders.ts'

/** A table of a run that is longer is read by itself: there is little to win, and much to hold in memory. */
const longestBytes = 64 * 1024
// Of all orders of a part together: those behind it are read by themselves.
const mostRows = 100_000

export interface JoinPorts {
  store: ObjectStore
  management: Management
  signal: AbortSignal
}

/** Writes the parts of a segment, each under a name that says what is in it, and answers what the segment holds. */
export async function joinOrders(
  ports: JoinPorts,
  user: string,
  orders: readonly StoredOrder[],
  objects: ListedTables,
  former: readonly Segment[]
): Promise<Segment> {
  const parts: Record<CompactedTable, CompactedPart | null> = { sacct: null, usage: null, times: null }
  const joined: Record<CompactedTable, ReadonlySet<StoredOrder>> = { sacct: new Set(), usage: new Set(), times: new Set() }
  for (const table of compactedTables) {
    const found = await joinTable(ports, user, table, orders, objects, former)
    joined[table] = found.orders
    parts[table] = found.orders.size === 0 ? null : await writePart(ports, user, table, found)
  }
  return {
    parts,
    orders: orders.map((order) => {
      const stampOf = (table: CompactedTable) => (joined[table].has(order) ? order.tables[table] : null)
      const runs = order.runs.map(({ platform, index, attempt }): [string, number, number] => [platform, index, attempt])
      const tables = { sacct: stampOf('sacct'), usage: stampOf('usage'), times: stampOf('times') }
      return { id: order.id, createdAt: order.createdAt, stamp: order.stamp, runs, tables }
    })
  }
}

interface Joined {
  columns: readonly Column[]
  rows: Row[]
  orders: ReadonlySet<StoredOrder>
}

async function joinTable(
  ports: JoinPorts,
  user: string,
  table: CompactedTable,
  orders: readonly StoredOrder[],
  objects: ListedTables,
  former: readonly Segment[]
): Promise<Joined> {
  const inFormer = await openFormer(ports, user, table, orders, former)
  const rows: Row[] = []
  const joined = new Set<StoredOrder>()
  let columns: readonly Column[] = joinedColumns[table]
  for (const order of orders) {
    ports.signal.throwIfAborted()
    const found = inFormer(order) ?? (await readRuns(ports, user, table, order, objects))
    if (found === null || rows.length + found.rows.length > mostRows) continue
    const united = uniteColumns(columns, found.columns)
    // Numbers that would become text stay by themselves.
    if (columns.some(({ name, type }) => united.some((other) => other.name === name && other.type !== type))) continue
    columns = united
    for (const row of found.rows) rows.push(row)
    joined.add(order)
  }
  return { columns, rows, orders: joined }
}

interface Found {
  columns: readonly Column[]
  rows: readonly Row[]
}

/** The rows of orders that stand in a part already, as their objects are now. */
async function openFormer(
  { store, management }: JoinPorts,
  user: string,
  table: CompactedTable,
  orders: readonly StoredOrder[],
  former: readonly Segment[]
): Promise<(order: StoredOrder) => Found | null> {
  const wanted = new Map(orders.map((order) => [order.id, order]))
  const found = new Map<string, Found>()
  for (const { parts, orders: held } of former) {
    const part = parts[table]
    const same = held.filter(({ id, tables }) => tables[table] !== null && wanted.get(id)?.tables[table] === tables[table])
    if (part === null || same.length === 0) continue
    const content = await readObject(store, management.bucketOf(user), compactedPartPath(table, part.name))
    // A part that is lost, or not what was written, is made anew of the runs' own objects.
    if (content === null || hashOf(content) !== part.name) continue
    const rows = await readPart(content, new Set(same.map(({ id }) => id)))
    for (const { id } of same) {
      const runs = wanted.get(id)?.runs ?? []
      found.set(id, { columns: part.columns, rows: runs.flatMap((run) => rows.get(runName(run)) ?? []) })
    }
  }
  return ({ id }) => found.get(id) ?? null
}

/** The rows of an order out of its runs' objects; null when one of them is not as it was listed, or is no table. */
async function readRuns(
  { store, management }: JoinPorts,
  user: string,
  table: CompactedTable,
  { runs }: StoredOrder,
  objects: ListedTables
): Promise<Found | null> {
  const { target, pathOf } = runTables[table]
  const listed = runs.flatMap((run) => {
    const object = objects[table].get(pathOf(run))
    return object === undefined ? [] : [{ run, object }]
  })
  if (listed.some(({ object }) => object.usedBytes > longestBytes)) return null
  const read: { columns: readonly Column[]; rows: readonly Row[] }[] = []
  for (const { run, object } of listed) {
    const found = await readObjectWithEtag(store, management.bucketOf(user, target), object.path)
    if (found?.etag !== object.etag) return null
    const rows = readJoined(found.content, run)
    if (rows === null) return null
    read.push(rows)
  }
  return { columns: uniteColumns(...read.map(({ columns }) => columns)), rows: read.flatMap(({ rows }) => rows) }
}

function readJoined(content: Buffer, run: Run): Found | null {
  try {
    const { columns, rows, index } = readTable(content, mostRows)
    const named = rows.map((row, at) => joinRow(index === undefined ? row : { name: index[at] ?? null, ...row }, run))
    return { columns: index === undefined ? columns : [{ name: 'name', type: 'string' }, ...columns], rows: named }
  } catch (error) {
    if (error instanceof StorageError) throw error
    // Who asks for the table is told of it, by whoever reads the object itself.
    return null
  }
}

async function writePart(
  { store, management }: JoinPorts,
  user: string,
  table: CompactedTable,
  joined: Joined
): Promise<CompactedPart> {
  const columns = [...joined.columns]
  const content = Buffer.from(writeTable({ columns, rows: joined.rows }))
  const name = hashOf(content)
  const md5 = createHash('md5').update(content).digest('hex')
  // Also when it is there: it must not be about to be removed for its age.
  await store.put(management.bucketOf(user), compactedPartPath(table, name), content, {
    contentType: 'application/vnd.apache.parquet',
    metadata: { version: '1' },
    md5
  })
  return { name, columns }
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
