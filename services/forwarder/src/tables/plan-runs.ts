import { comparePositions, positionOfRun } from '@lautta/core/compaction/run-sequence'
import { isCompacted, type RunTableName, runTables } from '@lautta/core/compaction/run-tables'
import { stampOrder, stampTable } from '@lautta/core/compaction/stamp-order'
import type { CompactedOrder, Segment } from '@lautta/core/documents/compacted-document'
import { compactedPartPath, type Run, requestPath } from '@lautta/core/object-names'
import { finishedRuns } from '@lautta/core/orchestration/finished-runs'
import { allJobsOf, type KnownOrder } from '@lautta/core/orchestration/known-order'
import type { ListedOrder } from '@lautta/object-store/list-orders'
import type { Management } from '@lautta/object-store/management'
import type { ObjectEntry, ObjectStore } from '@lautta/object-store/object-store'
import { listAll } from '@lautta/object-store/read-object'
import { joinedColumns, joinRow } from '@lautta/tables/joined-columns'
import type { OrderReader } from '../order-reader.ts'
import { listTables } from './list-tables.ts'
import type { TableEntry, TableFilter, TablePlan } from './table-entry.ts'

// The runs of an order up to here are read one by one: so many requests cost less than a look into the index.
const fewRuns = 16

export interface RunPlanPorts {
  store: ObjectStore
  management: Management
  reader: OrderReader
}

/** Finds the objects of a table of a user's runs: joined ones where they hold what now stands, and the runs' own. */
export async function planRuns(ports: RunPlanPorts, user: string, name: RunTableName, filter: TableFilter): Promise<TablePlan> {
  const { store, management, reader } = ports
  const { orchestration, platform, sinceMs } = filter
  const table = runTables[name]
  const bucket = management.bucketOf(user, table.target)
  const known = orchestration === undefined ? null : await reader.read(user, orchestration)
  const isShort = known !== null && finishedRuns(known).length <= fewRuns
  const [listed, segments] = await Promise.all([
    known === null ? management.listOrders(user) : listOne(ports, user, known).then((one) => [one]),
    isShort ? [] : management.readSegments(user)
  ])
  // Also of files that are no run's: those of all orders.
  const isWhole = name === 'times' && orchestration === undefined && platform === undefined
  const isAsked = (createdAt: string) => sinceMs === undefined || Date.parse(createdAt) >= sinceMs
  const covered = findCovered(listed, segments)
  // Without a status nothing has run.
  const tail = listed.filter(({ id, statusEtags }) => !covered.has(id) && statusEtags.size > 0)
  const read = known === null ? await reader.readListed(user, tail) : covered.size > 0 ? [] : [known]
  const asked = [...covered.values()].filter(
    ({ order, runs }) => isAsked(order.createdAt) && runs.some((run) => platform === undefined || run.platform === platform)
  )
  const joinedIds = isCompacted(name) ? asked.map(({ order }) => order.id) : []
  const objects = await (isWhole ? listAll(store, bucket, table.prefix) : listTables(store, bucket, table.prefix, joinedIds))
  const etags = new Map(objects.map(({ path, etag }) => [path, etag]))
  const partOf = ({ order, segment, runs }: Covered): TableEntry['part'] => {
    const part = isCompacted(name) ? segment.parts[name] : null
    if (part === null || !isCompacted(name)) return null
    if (order.tables[name] !== stampTable(runs, (run) => etags.get(table.pathOf(run)) ?? null)) return null
    return { ...part, bucket: management.bucketOf(user), path: compactedPartPath(name, part.name) }
  }
  const orders = [
    ...asked.map((one) => ({ ...one, createdAt: one.order.createdAt, part: partOf(one) })),
    ...read
      .filter(({ request }) => isAsked(request.createdAt))
      .map((one) => ({ runs: finishedRuns(one), createdAt: one.request.createdAt, part: null }))
  ]
  const entries = orders
    .flatMap(({ runs, createdAt, part }) =>
      runs
        .filter((run) => platform === undefined || run.platform === platform)
        .map((run): TableEntry => {
          const position = positionOfRun(createdAt, run)
          return { position, bucket, path: table.pathOf(run), run, part, isForeign: false, tell: (row) => joinRow(row, run) }
        })
    )
    .sort((a, b) => comparePositions(a.position, b.position))
  if (!isWhole) return { columns: joinedColumns[name], entries }
  const ours = [...[...covered.values()].flatMap(({ runs }) => runs), ...read.flatMap(allRuns)].map(table.pathOf)
  return { columns: joinedColumns[name], entries: [...entries, ...planFiles(bucket, objects, new Set(ours), sinceMs)] }
}

interface Covered {
  order: CompactedOrder
  segment: Segment
  runs: Run[]
}

/** The orders whose documents stand as they did when their runs were joined: none of them need be read. */
function findCovered(listed: readonly ListedOrder[], segments: readonly Segment[]): Map<string, Covered> {
  const inIndex = new Map(segments.flatMap((segment) => segment.orders.map((order) => [order.id, { order, segment }])))
  const covered = new Map<string, Covered>()
  for (const one of listed) {
    const found = inIndex.get(one.id)
    if (found === undefined || found.order.stamp !== stampOrder(one)) continue
    const runs = found.order.runs.map(([platform, index, attempt]) => ({ id: one.id, platform, index, attempt }))
    covered.set(one.id, { ...found, runs })
  }
  return covered
}

/** The listing of one order, which does not tell whether its request is there. */
async function listOne({ store, management }: RunPlanPorts, user: string, { request }: KnownOrder): Promise<ListedOrder> {
  const listed = await management.listOrder(user, request.id)
  return { ...listed, hasRequest: (await store.head(management.bucketOf(user), requestPath(request.id))) !== null }
}

/** Every attempt, also one that goes on. */
function allRuns(known: KnownOrder): Run[] {
  return allJobsOf(known).flatMap(({ platform, job }) =>
    [...job.earlier, job].map(({ attempt }) => ({ id: known.request.id, platform, index: job.index, attempt }))
  )
}

/** Files beside those of the runs, which a user's own pipelines put there; they stand behind all runs. */
function planFiles(
  bucket: string,
  objects: readonly ObjectEntry[],
  ours: ReadonlySet<string>,
  sinceMs: number | undefined
): TableEntry[] {
  return objects
    .filter(({ path }) => path.endsWith('.parquet') && !ours.has(path))
    .filter(({ modifiedAt }) => sinceMs === undefined || Date.parse(modifiedAt) >= sinceMs)
    .map(({ path }) => {
      // Behind every time.
      const position = ['~', path]
      return { position, bucket, path, run: null, part: null, isForeign: true, tell: (row) => ({ ...row, path }) }
    })
}
