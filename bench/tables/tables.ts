import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type CompactedTable, compactedTables, runTables } from '../../packages/core/src/compaction/run-tables.ts'
import { mapLimited } from '../../packages/core/src/map-limited.ts'
import { listAll } from '../../packages/object-store/src/read-object.ts'
import { compactTables } from '../../services/monitor/src/compaction/compact-tables.ts'
import { runPython } from '../../test/support/python.ts'
import { readTablePlan } from '../../test/support/read-table-plan.ts'
import { openTableHistory, type TableHistory } from '../../test/support/table-history.ts'
import type { Benchmark, Comparison, Turn } from '../benchmark.ts'

const hourMs = 3600 * 1000
const began = Date.parse('2026-01-01T00:00:00Z')
const orderAt = (number: number) => new Date(began + number * hourMs)
// What one answer may have in JSON is less than all.
const mostRows = 100_000

/** One question, and how DuckDB asks the joined parts for the same. */
interface Question {
  title: string
  filter: { platform?: string; sinceMs?: number; orchestration?: string }
  where: string
  /** Rows of SACCT that are the answer. */
  rows: number
}

/** A year of runs: reading them joined, one by one, and the joined parts by DuckDB. */
export const tables: Benchmark = {
  name: 'tables',
  async prepare(scale) {
    const count = scale === 'full' ? 20_000 : 400
    const history = await openTableHistory(existsSync('/dev/shm') ? '/dev/shm' : tmpdir())
    const last = await fill(history, count)
    const beganAt = performance.now()
    const signal = new AbortController().signal
    const { store, management } = history
    await compactTables({ store, management, signal, now: () => new Date() }, 'a')
    process.stdout.write(`joined ${count} runs in ${((performance.now() - beganAt) / 1000).toFixed(0)} s\n\n`)
    const since = orderAt(count - count / 20)
    const questions: Question[] = [
      { title: 'all', filter: {}, where: 'true', rows: count * 3 },
      {
        title: 'of one platform, the last 5 %',
        filter: { platform: 'lumi', sinceMs: since.getTime() },
        where: `platform = 'lumi'`,
        rows: (count / 40) * 3
      },
      { title: 'of one order', filter: { orchestration: last }, where: `orchestration = '${last}'`, rows: 3 }
    ]
    return { comparisons: questions.flatMap((question) => compare(history, count, question)), close: history.close }
  }
}

function compare(history: TableHistory, count: number, { title, filter, where, rows }: Question): Comparison[] {
  const ask = async (ports: ReturnType<TableHistory['ports']>) => {
    const before = { ...history.counts }
    const beganAt = performance.now()
    const { items, warnings } = await readTablePlan(ports, 'a', 'sacct', filter, mostRows)
    const ms = performance.now() - beganAt
    const errors = items.length === rows ? warnings.length : 1
    return { ms, objects: history.counts.get - before.get + history.counts.head - before.head, errors }
  }
  const inDuckDb = async () => {
    const beganAt = performance.now()
    const parts = join(history.root, 'mlch-sub-air-a/ARTIFACTS/COMPACTED/SACCT/*.parquet')
    const from = `from '${parts}' where ${where}`
    const found = (await runPython(
      `import duckdb, json\nprint(json.dumps(len(duckdb.sql("select * ${from}").fetchall())))`
    )) as number
    // It does not know when orders came.
    return { figure: performance.now() - beganAt, errors: found >= rows ? 0 : 1 }
  }
  const timed = async (ports: ReturnType<TableHistory['ports']>): Promise<Turn> => {
    const { ms, errors } = await ask(ports)
    return { figure: ms, errors }
  }
  const counted = async (ports: ReturnType<TableHistory['ports']>): Promise<Turn> => {
    const { objects, errors } = await ask(ports)
    return { figure: objects, errors }
  }
  const name = `SACCT of ${count.toLocaleString('en')} runs, ${title}`
  const reference = 'run by run'
  return [
    {
      title: name,
      unit: 'ms',
      rounds: count > 10_000 ? 1 : 3,
      reference,
      peers: {
        joined: () => timed(history.ports()),
        [reference]: () => timed(history.portsWithoutIndex()),
        'DuckDB, Python and all': inDuckDb
      }
    },
    {
      title: name,
      unit: 'objects read',
      rounds: 1,
      reference,
      peers: { joined: () => counted(history.ports()), [reference]: () => counted(history.portsWithoutIndex()) }
    }
  ]
}

/** Orders of one job each, an hour apart, whose tables have the same content; answers the last one's id. */
async function fill(history: TableHistory, count: number): Promise<string> {
  const platformOf = (number: number) => (number % 2 === 0 ? 'lumi' : 'mahti')
  const first = await history.order('a', orderAt(0), { [platformOf(0)]: 1 })
  await history.finish('a', first, platformOf(0))
  const contents = new Map<CompactedTable, Uint8Array>()
  for (const table of compactedTables) contents.set(table, await readFirst(history, table))
  const others = Array.from({ length: count - 1 }, (_none, at) => at + 1)
  const ids = await mapLimited(others, 8, async (number) => {
    const platform = platformOf(number)
    const order = await history.order('a', orderAt(number), { [platform]: 1 })
    const run = { id: order.id, platform, index: 0, attempt: 1 }
    for (const [table, content] of contents) {
      const { target, pathOf } = runTables[table]
      await history.store.put(history.management.bucketOf('a', target), pathOf(run), content)
    }
    await history.save('a', order, platform)
    return order.id
  })
  return ids.at(-1) ?? first.id
}

async function readFirst({ store, management }: TableHistory, table: CompactedTable): Promise<Uint8Array> {
  const { target, prefix } = runTables[table]
  const bucket = management.bucketOf('a', target)
  const [first] = await listAll(store, bucket, prefix)
  const found = first === undefined ? null : await store.get(bucket, first.path)
  if (found === null) throw new Error(`nothing lies in ${prefix}`)
  return Buffer.concat(await found.content.toArray())
}
