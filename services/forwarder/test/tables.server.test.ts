import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { auditPath, sacctPath, tasksPath, timesPath } from '@lautta/core/object-names'
import { readObject } from '@lautta/object-store/read-object'
import { createLogger } from '@lautta/runtime/logger'
import { type Installation, openInstallation } from '@lautta/runtime/open-installation'
import { auditColumns } from '@lautta/tables/audit-table'
import { logColumns } from '@lautta/tables/log-table'
import { streamTable } from '@lautta/tables/stream-table'
import { tasksColumns } from '@lautta/tables/tasks-table'
import { writeTable } from '@lautta/tables/write-table'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runPython } from '../../../test/support/python.ts'
import { createHistory, type HistoryOrder, sacctOf } from '../../../test/support/table-history.ts'
import { openTestApi, type TestApi } from './open-api.ts'

const other = 'Other@Example.com'
let api: TestApi
let installation: Installation
let history: ReturnType<typeof createHistory>
beforeEach(async () => {
  api = await openTestApi()
  installation = openInstallation(api.config, createLogger('silent'))
  history = createHistory(installation)
})
afterEach(() => api?.close())

const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour))
const runOf = ({ id }: HistoryOrder, platform = 'lumi', index = 0) => ({ id, platform, index, attempt: 1 })
const put = (bucket: string, path: string, content: Uint8Array | Readable) => installation.store.put(bucket, path, content)

async function ended(hour: number, jobs: Readonly<Record<string, number>>, user = 'local'): Promise<HistoryOrder> {
  const order = await history.order(user, at(hour), jobs)
  for (const platform of Object.keys(jobs)) await history.finish(user, order, platform)
  return order
}

/** A Parquet answer, read by pandas and by DuckDB. */
async function readElsewhere(path: string) {
  const answer = await fetch(`${api.url}${path}`, { headers: { authorization: 'Bearer key-of-the-local-user' } })
  expect(answer.status).toBe(200)
  const file = join(api.folder, 'answer.parquet')
  await writeFile(file, Buffer.from(await answer.arrayBuffer()))
  const script = `
import sys, json, duckdb, pandas as pd
df = pd.read_parquet(sys.argv[1])
print(json.dumps({'columns': list(df.columns), 'index': [int(i) for i in df.index], 'rows': json.loads(df.to_json(orient='records')),
  'inDuckDb': duckdb.sql(f"select count(*) from '{sys.argv[1]}'").fetchall()[0][0]}))`
  const read = (await runPython(script, file)) as { columns: string[]; index: number[]; rows: object[]; inDuckDb: number }
  return { ...read, warnings: answer.headers.get('x-lautta-warnings') }
}

describe('GET /v1/tables/{table}', () => {
  it('answers the rows as the orders came, then by platform, job and attempt; in parts, each row once', async () => {
    const late = await ended(2, { lumi: 2 })
    const early = await ended(1, { mahti: 1, lumi: 1 })
    const { json } = await api.ask('/v1/tables/sacct')
    expect(json).toMatchObject({ next: null, warnings: [] })
    const place = (row: Record<string, unknown>) => [row.orchestration, row.platform, row['job-index'], row['job-step']]
    const steps = [null, '0', '1']
    expect(json.items.map(place)).toEqual(
      [
        [early.id, 'lumi', 0] as const,
        [early.id, 'mahti', 0] as const,
        [late.id, 'lumi', 0] as const,
        [late.id, 'lumi', 1] as const
      ].flatMap((run) => steps.map((step) => [...run, step]))
    )
    for (const limit of [1, 2, 5]) {
      const rows: unknown[] = []
      let cursor = ''
      do {
        const part = await api.ask(`/v1/tables/sacct?limit=${limit}${cursor}`)
        expect(part.json.items.length).toBeLessThanOrEqual(limit)
        rows.push(...part.json.items)
        cursor = part.json.next === null ? '' : `&cursor=${part.json.next}`
      } while (cursor !== '')
      expect(rows).toEqual(json.items)
    }
    const bad = await api.ask('/v1/tables/sacct?cursor=nonsense')
    expect(bad).toMatchObject({ status: 400, json: { errors: [{ path: 'cursor' }] } })
  })

  it('is filtered by order, platform and time', async () => {
    const [first, second] = [await ended(1, { lumi: 1, mahti: 1 }), await ended(2, { lumi: 1 })]
    const ids = async (query: string) =>
      (await api.ask(`/v1/tables/usage?${query}`)).json.items.map((row: Record<string, string>) => [
        row.orchestration,
        row.platform
      ])
    expect(await ids(`orchestration=${first.id}`)).toEqual([
      [first.id, 'lumi'],
      [first.id, 'mahti']
    ])
    expect(await ids(`since=${at(2).toISOString()}`)).toEqual([[second.id, 'lumi']])
    expect(await ids('platform=mahti')).toEqual([[first.id, 'mahti']])
    const { status, json } = await api.ask('/v1/tables/usage?since=yesterday')
    expect([status, json.errors[0].message]).toEqual([400, 'write a time with its zone, like 2026-01-31T12:00:00Z'])
  })

  it('is Parquet for pandas and DuckDB, with the same rows, and with all its columns when it has none', async () => {
    await ended(1, { lumi: 2 })
    for (const table of ['sacct', 'usage', 'times']) {
      const { json } = await api.ask(`/v1/tables/${table}`)
      const found = await readElsewhere(`/v1/tables/${table}?format=parquet`)
      expect(found).toMatchObject({ rows: json.items, inDuckDb: json.items.length, warnings: null })
      expect(found.index).toEqual(json.items.map((_row: unknown, index: number) => index))
      expect(found.columns.slice(-4)).toEqual(['orchestration', 'platform', 'job-index', 'attempt'])
      const empty = await readElsewhere(`/v1/tables/${table}?format=parquet&platform=nowhere`)
      expect(empty).toMatchObject({ columns: found.columns, rows: [] })
    }
  })

  it('leaves out what is no table, and says so', async () => {
    const order = await ended(1, { lumi: 2 })
    await put('mlch-sub-air-local', sacctPath(runOf(order)), Buffer.from('torn'))
    const { json } = await api.ask('/v1/tables/sacct')
    expect(json.items.map((row: Record<string, number>) => row['job-index'])).toEqual([1, 1, 1])
    expect(json.warnings).toEqual([expect.stringContaining(sacctPath(runOf(order)))])
    const { rows, warnings } = await readElsewhere('/v1/tables/sacct?format=parquet')
    expect(rows).toHaveLength(3)
    expect(JSON.parse(warnings!)).toEqual([expect.stringContaining(sacctPath(runOf(order)))])
  })

  it('is not taken for whole when an object breaks after the answer has begun', async () => {
    const order = await ended(1, { lumi: 1 })
    await put('mlch-pipe-local', `LOGS/${order.id}-lumi-0-1.parquet`, await damagedLog())
    // What began is cut; where nothing was sent yet, it is an error.
    const ask = async () => {
      const headers = { authorization: 'Bearer key-of-the-local-user' }
      const answer = await fetch(`${api.url}/v1/tables/logs?format=parquet`, { headers })
      if (!answer.ok) throw new Error(await answer.text())
      return answer.arrayBuffer()
    }
    await expect(ask()).rejects.toThrow()
    const { json } = await api.ask('/v1/tables/logs?limit=100000')
    expect(json.warnings).toEqual([expect.stringContaining(order.id)])
  })

  it('tells of many unreadable files in a header that everybody can read', async () => {
    const names = Array.from({ length: 12 }, (_none, at) => `TIMES/${`${'ä"'.repeat(80)}/`.repeat(3)}${at}.parquet`)
    for (const name of names) await put('mlch-pipe-local', name, Buffer.from('torn'))
    const { rows, warnings } = await readElsewhere('/v1/tables/times?format=parquet')
    expect([rows, warnings!.length < 4096]).toEqual([[], true])
    const told: string[] = JSON.parse(warnings!)
    expect([told[0]?.slice(0, 100), told.at(-1)]).toEqual([names[0]?.slice(0, 100), `and ${12 - told.length + 1} more`])
  })

  it("joins the user's own files in TIMES, and not what a removed order left there", async () => {
    const [order, removed] = [await ended(1, { lumi: 1 }), await ended(2, { lumi: 1 })]
    await history.remove('local', removed)
    const fixture = await readFile(new URL('../../../test/fixtures/times-of-pandas.parquet', import.meta.url))
    await put('mlch-pipe-local', 'TIMES/deep/mine.parquet', fixture)
    expect(await readObject(installation.store, 'mlch-pipe-local', timesPath(runOf(removed)))).not.toBeNull()
    const { json } = await api.ask('/v1/tables/times')
    expect(json.items).toHaveLength(5 + 2)
    const mine = { orchestration: null, platform: null, 'job-index': null, attempt: null, path: 'TIMES/deep/mine.parquet' }
    expect(json.items.slice(5)).toEqual([
      { ...mine, name: 'first', begin: 1.5, end: null, total: null, note: 'a' },
      { ...mine, name: 'second', begin: 2.5, end: null, total: null, note: 'b' }
    ])
    expect((await readElsewhere('/v1/tables/times?format=parquet')).rows).toEqual(
      json.items.map((row: object) => ({ note: null, ...row }))
    )
    expect((await api.ask(`/v1/tables/times?orchestration=${order.id}`)).json.items).toHaveLength(5)
  })

  it("knows no rows, and no orders, of others'", async () => {
    const [mine, theirs] = [await ended(1, { lumi: 1 }), await ended(2, { lumi: 1 }, other)]
    const ids = async (as: 'local' | 'other') =>
      (await api.ask('/v1/tables/usage', { as })).json.items.map((row: Record<string, string>) => row.orchestration)
    expect([await ids('local'), await ids('other')]).toEqual([[mine.id], [theirs.id]])
    for (const table of ['sacct', 'logs', 'tasks', 'audit'])
      expect((await api.ask(`/v1/tables/${table}?orchestration=${mine.id}`, { as: 'other' })).status, table).toBe(404)
  })

  it('answers TASKS by date, and of AUDIT the rows of the user, to administrators all', async () => {
    const seconds = (hour: number) => at(hour).getTime() / 1000
    const task = (hour: number) => ({ name: 'collect', state: 'completed', ended: seconds(hour), runtime: 1, platform: 'lumi' })
    const audit = (user: string, hour: number) => ({ user, at: seconds(hour), 'command-class': 'start', platform: 'lumi' })
    for (const hour of [5, 40]) {
      const date = at(hour).toISOString().slice(0, 10)
      await put(
        'mlch-sub-air-local',
        tasksPath(date, 'x'),
        writeTable({ columns: tasksColumns, rows: [task(hour), task(hour + 1)] })
      )
      for (const [slug, user] of [['local', 'local'] as const, ['other-example-com', other] as const])
        await put('mlch-for-air', auditPath(date, slug), writeTable({ columns: auditColumns, rows: [audit(user, hour)] }))
    }
    await put('mlch-for-air', auditPath('2026-01-03', 'local'), Buffer.from('torn'))
    // Of a date that is not asked for nothing is read.
    await put('mlch-sub-air-local', tasksPath('2025-12-31', 'torn'), Buffer.from('torn'))
    const tasks = async (query: string) => (await api.ask(`/v1/tables/tasks${query}`)).json
    expect((await tasks('')).items).toHaveLength(4)
    expect((await tasks('')).warnings).toHaveLength(1)
    const late = await tasks(`?since=${at(41).toISOString()}`)
    expect(late).toMatchObject({ items: [{ ended: seconds(41), platform: 'lumi' }], warnings: [] })
    const users = async (as: 'local' | 'other') =>
      (await api.ask('/v1/tables/audit', { as })).json.items.map((row: Record<string, string>) => row.user)
    expect(await users('local')).toEqual(['local', other, 'local', other])
    expect(await users('other')).toEqual([other, other])
    // Nobody is told which parts others have.
    const warnings = async (as: 'local' | 'other') => (await api.ask('/v1/tables/audit', { as })).json.warnings.length
    expect([await warnings('local'), await warnings('other')]).toEqual([1, 0])
    expect((await readElsewhere(`/v1/tables/tasks?format=parquet&since=${at(24).toISOString()}`)).rows).toHaveLength(2)
    expect((await readElsewhere('/v1/tables/audit?format=parquet')).columns).toEqual(auditColumns.map(({ name }) => name))
  })

  it('reads tables of runs that are as long as they are', async () => {
    const order = await ended(1, { lumi: 1 })
    await put('mlch-sub-air-local', sacctPath(runOf(order)), sacctOf(runOf(order), 12_000))
    expect((await api.ask('/v1/tables/sacct?limit=100000')).json.items).toHaveLength(12_001)
    expect((await readElsewhere('/v1/tables/sacct?format=parquet')).inDuckDb).toBe(12_001)
  })
})

/** A log table of some row groups, of which one in the middle is damaged. */
async function damagedLog(): Promise<Buffer> {
  const lines = async function* () {
    for (let part = 0; part < 32; part++) {
      yield Array.from({ length: 4096 }, (_none, line) => {
        return { rows: `${Math.random()} ${Math.random()}`, line: part * 4096 + line, source: 'out' }
      })
    }
  }
  const pieces: Uint8Array[] = []
  for await (const piece of streamTable(logColumns, lines(), { groupRows: 4096 })) pieces.push(piece)
  const content = Buffer.concat(pieces)
  expect(content.length).toBeGreaterThan(1024 * 1024)
  const middle = Math.floor(content.length / 2)
  return content.fill(0, middle, middle + 50_000)
}
