import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compactedTables } from '../packages/core/src/compaction/run-tables.ts'
import { compactedPrefix, sacctPath, usagePath } from '../packages/core/src/object-names.ts'
import { writeReading } from '../packages/object-store/src/allocation-readings.ts'
import type { ObjectStore } from '../packages/object-store/src/object-store.ts'
import { listAll } from '../packages/object-store/src/read-object.ts'
import { createLogger } from '../packages/runtime/src/logger.ts'
import { compactTables } from '../services/monitor/src/compaction/compact-tables.ts'
import { settleOpenBills } from '../services/monitor/src/settle-open-bills.ts'
import { readTablePlan } from './support/read-table-plan.ts'
import { type HistoryOrder, openTableHistory, sacctOf, type TableHistory, usageOf } from './support/table-history.ts'

const ofPandas = readFileSync(new URL('fixtures/times-of-pandas.parquet', import.meta.url))
const bucket = 'mlch-sub-air-a'
const hourMs = 3600 * 1000
const createdAt = (hours: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + hours * hourMs)

let history: TableHistory
beforeEach(async () => {
  history = await openTableHistory()
})
afterEach(() => history.close())

const compact = (of: TableHistory, { store = of.store, mostRuns = 3, now = () => new Date() } = {}) =>
  compactTables({ store, management: of.managementOver(store), signal: new AbortController().signal, now, mostRuns }, 'a')

/** Ended orders of one job each, an hour apart. */
async function fill(of: TableHistory, count: number, user = 'a'): Promise<HistoryOrder[]> {
  const orders: HistoryOrder[] = []
  for (let number = 0; number < count; number++) {
    const order = await of.order(user, createdAt(number), { [number % 2 === 0 ? 'lumi' : 'mahti']: 1 })
    await of.finish(user, order, number % 2 === 0 ? 'lumi' : 'mahti')
    orders.push(order)
  }
  return orders
}

const runOf = ({ id }: HistoryOrder, platform = 'lumi', index = 0, attempt = 1) => ({ id, platform, index, attempt })
const partsIn = async (of: TableHistory) =>
  (await listAll(of.store, bucket, compactedPrefix)).map(({ path }) => path).filter((path) => path.endsWith('.parquet'))

/** What happens to a user's orders, to what lies in the buckets, and to what was joined. */
type Step = { what: (typeof steps)[number]; which: number; size: number }
const steps = [
  ...(['order', 'finish', 'restart', 'run again', 'remove', 'compact', 'compact'] as const),
  ...(['rewrite', 'delete', 'tear', 'add file', 'lose index', 'lose part', 'damage part', 'recreate'] as const)
] as const
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(...steps, 'order', 'finish', 'run again'),
  which: fc.nat(20),
  size: fc.integer({ min: 1, max: 3 })
})

async function takeStep(of: TableHistory, orders: HistoryOrder[], { what, which, size }: Step): Promise<void> {
  const { store, management } = of
  const order = orders[which % Math.max(1, orders.length)]
  if (what === 'order') {
    // Some come with a time before those that are there.
    const created = createdAt(which % 2 === 0 ? 100 + orders.length : which)
    orders.push(await of.order('a', created, size === 3 ? { lumi: 1, mahti: 2 } : { lumi: size }))
  } else if (what === 'compact') await compact(of, { mostRuns: size + 1 })
  else if (what === 'lose index') await store.delete(bucket, `${compactedPrefix}index.json`)
  else if (what === 'lose part' || what === 'damage part') {
    const parts = await partsIn(of)
    const part = parts[which % Math.max(1, parts.length)]
    if (part === undefined) return
    if (what === 'lose part') await store.delete(bucket, part)
    else await store.put(bucket, part, size === 1 ? Buffer.from('torn') : sacctOf(runOf({ id: 'x' } as HistoryOrder), 1))
  } else if (what === 'add file') {
    await store.put(management.bucketOf('a', 'pipeline'), `TIMES/mine-${which}.parquet`, size === 1 ? Buffer.from('x') : ofPandas)
  }
  const [platform] = order?.jobs.keys() ?? []
  if (order === undefined || platform === undefined) return
  const run = runOf(order, platform)
  if (what === 'restart' || what === 'run again') await of.restart('a', order, platform)
  if (what === 'finish' || what === 'run again') await of.finish('a', order, platform, size)
  else if (what === 'remove') await of.remove('a', order)
  else if (what === 'rewrite') await store.put(bucket, usagePath(run), usageOf(run, which))
  else if (what === 'delete') await store.delete(bucket, sacctPath(run))
  else if (what === 'tear') await store.put(bucket, sacctPath(run), Buffer.from('no table'))
  else if (what === 'recreate') await store.put(bucket, sacctPath(run), sacctOf(run, size))
}

describe('joined tables of runs', () => {
  it('answer what the objects of the runs answer, after whatever happened', async () => {
    const path = fc.array(stepArbitrary, { minLength: 1, maxLength: 7 })
    await fc.assert(
      fc.asyncProperty(path, fc.integer({ min: 1, max: 9 }), async (all, limit) => {
        const of = await openTableHistory()
        try {
          const orders = await fill(of, 4)
          await compact(of)
          for (const step of all) await takeStep(of, orders, step)
          for (const table of compactedTables) {
            for (const filter of [{}, { platform: 'lumi', sinceMs: createdAt(2).getTime() }]) {
              const expected = await readTablePlan(of.portsWithoutIndex(), 'a', table, filter)
              const { items, warnings } = await readTablePlan(of.ports(), 'a', table, filter, limit)
              expect({ items, warnings }).toEqual({ items: expected.items, warnings: expected.warnings })
            }
          }
        } finally {
          await of.close()
        }
      }),
      { numRuns: 30, endOnFailure: true }
    )
  }, 120_000)

  it('are read instead of the objects of the runs, and only those that a question is about', async () => {
    await fill(history, 40)
    expect(await compact(history, { mostRuns: 10 })).toBe(4)
    const reads = async (filter: object) => {
      const [before, ports] = [history.counts.get, history.ports()]
      const { items } = await readTablePlan(ports, 'a', 'sacct', filter)
      return { rows: items.length, gets: history.counts.get - before }
    }
    // The index, and the parts.
    expect(await reads({})).toEqual({ rows: 120, gets: 1 + 4 })
    expect(await reads({ sinceMs: createdAt(35).getTime() })).toEqual({ rows: 15, gets: 1 + 1 })
    expect(await reads({ platform: 'lumi', sinceMs: createdAt(25).getTime() })).toEqual({ rows: 21, gets: 1 + 2 })
    const [late] = await fill(history, 1)
    // Its request, its status, its table; whatever else there is.
    expect(await reads({})).toEqual({ rows: 123, gets: 1 + 4 + 3 })
    await history.restart('a', late!, 'lumi')
    expect((await reads({ orchestration: late!.id })).rows).toBe(3)
  })

  it('are read of an order of many jobs, too', async () => {
    const order = await history.order('a', createdAt(0), { lumi: 30 })
    await history.finish('a', order, 'lumi')
    await fill(history, 3)
    await compact(history)
    const before = history.counts.get
    const { items } = await readTablePlan(history.ports(), 'a', 'usage', { orchestration: order.id })
    expect(items).toHaveLength(30)
    // Request, status, index, part.
    expect(history.counts.get - before).toBe(4)
  })

  it('are written anew only where something changed', async () => {
    const orders = await fill(history, 9)
    expect(await compact(history)).toBe(3)
    expect(await compact(history)).toBe(0)
    await history.restart('a', orders[4]!, 'lumi')
    await history.finish('a', orders[4]!, 'lumi')
    const before = history.counts.get
    expect(await compact(history)).toBe(2)
    // The order's documents and four objects; three parts, whose rows are taken over, and the index.
    expect(history.counts.get - before).toBeLessThanOrEqual(2 + 6 + 2 * 3 + 1)
  })

  it('are whole whichever write was the last of a process that was killed, and when two join at once', async () => {
    await fill(history, 4)
    const expected = await readTablePlan(history.portsWithoutIndex(), 'a', 'sacct')
    for (let last = 0; ; last++) {
      let written = 0
      const dying: ObjectStore = {
        ...history.store,
        put: (...given) => (++written > last ? Promise.reject(new Error('killed')) : history.store.put(...given))
      }
      const isDone = await compact(history, { store: dying, mostRuns: 2 }).then(
        () => true,
        () => false
      )
      const found = await readTablePlan(history.ports(), 'a', 'sacct')
      expect(found.items).toEqual(expected.items)
      if (isDone) break
    }
    await history.store.delete(bucket, `${compactedPrefix}index.json`)
    await Promise.all([compact(history, { mostRuns: 2 }), compact(history, { mostRuns: 4 })])
    const { items, useless } = await readTablePlan(history.ports(), 'a', 'sacct')
    expect({ items, useless }).toEqual({ items: expected.items, useless: [] })
  })

  it('do not hide a bill that was settled after they were joined, and hold it when they are joined anew', async () => {
    const [first, second] = await fill(history, 2)
    await compact(history)
    const readBills = async (gets: number) => {
      const before = history.counts.get
      const { items } = await readTablePlan(history.ports(), 'a', 'usage')
      expect(history.counts.get - before).toBe(gets)
      return items.map((row) => [row.orchestration, row['cpu-bu'], row.source])
    }
    expect(await readBills(2)).toEqual([
      [first!.id, 1, 'formula'],
      [second!.id, 1, 'formula']
    ])
    const job = { project: 'p', slurmJobId: '7', startedAtEpoch: 1, endedAtEpoch: Date.now() / 1000, cpuBu: 1, gpuBu: null }
    const reading = { run: runOf(first!), readAt: createdAt(0).toISOString(), allocations: [], job }
    await writeReading(history.store, bucket, { ...reading, told: { cpuBu: 42, gpuBu: 0, storageBu: null } })
    const unasked = () => Promise.reject(new Error('the platform is not asked any more'))
    const { store, management } = history
    const [signal, logger] = [new AbortController().signal, createLogger('silent')]
    const ports = { store, management, connect: unasked, readAllocations: unasked, known: () => undefined, now: () => new Date() }
    await settleOpenBills({ ...ports, users: [{ name: 'a' }], logger, signal })
    const settled = [
      [first!.id, 42, 'lumi-allocations'],
      [second!.id, 1, 'formula']
    ]
    // The run's own object, and the part for the other one.
    expect(await readBills(3)).toEqual(settled)
    expect(await compact(history)).toBe(1)
    expect(await readBills(2)).toEqual(settled)
  })

  it('leave parts until no index has named them for a while, for those who still read them', async () => {
    const [order] = await fill(history, 2)
    await compact(history)
    const former = await partsIn(history)
    await history.store.put(bucket, usagePath(runOf(order!)), usageOf(runOf(order!), 99))
    // However long they lay there: who began to read has just learned of them.
    await compact(history, { now: () => new Date(Date.now() + 25 * hourMs) })
    expect(await partsIn(history)).toEqual(expect.arrayContaining(former))
    await history.store.put(bucket, `${compactedPrefix}mine.parquet`, Buffer.from('x'))
    await compact(history, { now: () => new Date(Date.now() + 25 * hourMs) })
    expect((await partsIn(history)).filter((path) => former.includes(path))).toHaveLength(former.length - 1)
    expect(await partsIn(history)).toContain(`${compactedPrefix}mine.parquet`)
  })

  it('are never those of another user: an index that was copied is not believed', async () => {
    await fill(history, 2)
    await fill(history, 1, 'b')
    await compact(history)
    for (const { path } of await listAll(history.store, bucket, compactedPrefix)) {
      const found = await history.store.get(bucket, path)
      await history.store.put('mlch-sub-air-b', path, found!.content)
    }
    expect(await history.management.readSegments('a')).toHaveLength(1)
    expect(await history.management.readSegments('b')).toEqual([])
    expect((await readTablePlan(history.ports(), 'b', 'sacct')).items).toHaveLength(3)
  })
})
