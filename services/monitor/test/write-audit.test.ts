import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sealDocument } from '@lautta/core/documents/sealed-document'
import { declareJob, type Job } from '@lautta/core/job/job'
import { auditMarkPath, auditPath, statusPath } from '@lautta/core/object-names'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement, type Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { readObject } from '@lautta/object-store/read-object'
import { createLogger } from '@lautta/runtime/logger'
import { readAuditTable } from '@lautta/tables/audit-table'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { type AuditOptions, createAudit } from '../src/write-audit.ts'

const documentKey = Buffer.alloc(32, 7)
const common = 'mlch-for-air'
let root: string
let store: ObjectStore
let management: Management
let opened: string[]

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-audit-'))
  const folder = createFolderStore(root)
  opened = []
  now = moment(23, 0)
  store = {
    ...folder,
    get(bucket, path, range) {
      opened.push(path)
      return folder.get(bucket, path, range)
    }
  }
  management = createManagement({ store, bucketPrefix: 'mlch', documentKey, slugOf: (user) => user, onIgnored: () => {} })
})
afterEach(() => rm(root, { recursive: true }))

let now: string
const open = (more: Partial<AuditOptions> = {}) => {
  const logger = createLogger('info', join(root, 'log'))
  return createAudit({ store, management, logger, now: () => new Date(now), signal: new AbortController().signal, ...more })
}
const request = orchestrationSchema(['lumi']).parse({ name: 'x', platforms: { lumi: { jobs: [{ script: 'x' }] } } })
/** A moment of a day on which something happens to an order, and from which the store has its documents. */
const moment = (day: number, second: number) => `2026-11-${day}T12:00:0${second}.000Z`

/** An order that was posted, started and submitted on a day. */
async function order(user: string, id: string, day: number, more: Partial<Job> = {}): Promise<void> {
  const head = { schema: 1, id, user, createdAt: moment(day, 0), keyId: `key-of-${user}`, bodySha256: '', warnings: [] }
  await management.writeRequest(user, { ...head, request })
  const start = { schema: 1, order: 'start', attempt: 1, by: user, keyId: `key-of-${user}`, at: moment(day, 1) } as const
  await management.writeOrder(user, id, '01', start)
  const job: Job = {
    ...declareJob(0),
    preparingAt: moment(day, 2),
    submittedAt: moment(day, 3),
    state: { kind: 'running', slurmJobId: '7' }
  }
  await writeStatus(user, id, { ...job, ...more })
  for (const path of [`${id}.json`, `${id}/ORDERS/01.json`, `${id}/lumi.json`]) await setModified(user, path, moment(day, 4))
}
const writeStatus = (user: string, id: string, job: Job) =>
  management.writeStatus(user, { schema: 1, id, platform: 'lumi', fence: 1, sequence: 1, jobs: [job], history: [] })
const setModified = (user: string, path: string, at: string) =>
  utimes(join(root, `mlch-sub-air-${user}`, 'MANAGEMENT', path), new Date(at), new Date(at))
const partOf = (day: number, user: string) => readObject(store, common, auditPath(`2026-11-${day}`, user))
const rowsOf = async (day: number, user: string) => {
  const part = await partOf(day, user)
  return part === null
    ? null
    : readAuditTable(part).map((row) => `${row.order} ${row.commandClass} ${row.keyId} ${row.slurmJobId}`)
}
const lines = (id: string, user: string) => [
  ...['post', 'start', 'prepare'].map((kind) => `${id} ${kind} key-of-${user} null`),
  `${id} submit key-of-${user} 7`
]

describe('AUDIT', () => {
  it('has a part for each date and user, and nothing of another user in it', async () => {
    await order('a', '1', 20)
    await order('a', '2', 21)
    await order('b', '3', 21)
    for (const user of ['a', 'b', 'c']) await open().write(user, user)
    expect([await rowsOf(20, 'a'), await rowsOf(21, 'a'), await rowsOf(21, 'b')]).toEqual([
      lines('1', 'a'),
      lines('2', 'a'),
      lines('3', 'b')
    ])
    expect((await readdir(join(root, common, 'AUDIT'))).sort()).toEqual(['.known', '2026-11-20', '2026-11-21'])
    expect((await readdir(join(root, common, 'AUDIT/.known'))).sort()).toEqual(['a.json', 'b.json'])
  })
  it('is the same whenever it is made: again, by two, and after what was made is gone', async () => {
    for (const id of ['1', '2', '3']) await order('a', id, 21)
    await Promise.all([open().write('a', 'a'), open().write('a', 'a')])
    const part = await partOf(21, 'a')
    const version = async () => (await store.head(common, auditPath('2026-11-21', 'a')))?.metadata.version
    const written = await version()
    await open().write('a', 'a')
    expect([await partOf(21, 'a'), await version()]).toEqual([part, written])
    await store.delete(common, auditPath('2026-11-21', 'a'))
    await store.delete(common, auditMarkPath('a'))
    await open().write('a', 'a')
    expect(await partOf(21, 'a')).toEqual(part)
  })
  it('has the later news of an order on the date on which they came', async () => {
    await order('a', '1', 20)
    const audit = open()
    await audit.write('a', 'a')
    const job: Job = {
      ...declareJob(0),
      preparingAt: moment(20, 2),
      submittedAt: moment(20, 3),
      endSeenAt: moment(22, 5),
      state: { kind: 'finishing', slurmJobId: '7', outcome: 'failed', exitCode: 1, reason: null }
    }
    await writeStatus('a', '1', job)
    await setModified('a', '1/lumi.json', moment(22, 5))
    await audit.write('a', 'a')
    expect([await rowsOf(20, 'a'), await rowsOf(22, 'a')]).toEqual([lines('1', 'a'), ['1 end key-of-a 7']])
  })
  it('reads what changed since it was made last, and of that only what it has not read', async () => {
    for (const id of ['1', '2', '3', '4']) await order('a', id, 20)
    await order('a', '5', 21)
    await open().write('a', 'a')
    await order('a', '6', 21)
    const documents = () => [...new Set(opened.splice(0).flatMap((path) => /^MANAGEMENT\/(\d+)/.exec(path)?.[1] ?? []))].sort()
    documents()
    const audit = open()
    await audit.write('a', 'a')
    expect(documents()).toEqual(['5', '6'])
    await order('a', '7', 21)
    await audit.write('a', 'a')
    expect(documents()).toEqual(['7'])
    expect(await rowsOf(21, 'a')).toEqual(['5', '6', '7'].flatMap((id) => lines(id, 'a')).sort(bySecond))
  })
  it.each([
    ['the store', 23, 29],
    ['ours', 29, 29]
  ])('misses nothing after a clock was ahead: %s', async (_whose, ours, ofStore) => {
    now = moment(ours, 0)
    await order('a', '1', ofStore)
    await open().write('a', 'a')
    await order('a', '2', 24)
    now = moment(24, 9)
    await open().write('a', 'a')
    expect(await rowsOf(24, 'a')).toEqual(lines('2', 'a'))
  })
  it('keeps the lines of an order that was removed', async () => {
    await order('a', '1', 21)
    await order('a', '2', 21)
    const audit = open()
    await audit.write('a', 'a')
    for (const path of ['1.json', '1/ORDERS/01.json', '1/lumi.json']) await store.delete('mlch-sub-air-a', `MANAGEMENT/${path}`)
    await order('a', '3', 21)
    await audit.write('a', 'a')
    expect((await rowsOf(21, 'a'))?.sort()).toEqual(['1', '2', '3'].flatMap((id) => lines(id, 'a')).sort())
  })
  it('leaves an order out that only a newer Lautta can read, and says so; nothing is taken from what nobody of us wrote', async () => {
    for (const id of ['1', '2', '3']) await order('a', id, 21)
    const place = (id: string) => ({ bucket: 'mlch-sub-air-a', path: statusPath(id, 'lumi') })
    await store.put(place('2').bucket, place('2').path, sealDocument({ schema: 99 }, place('2'), documentKey))
    await store.put(place('3').bucket, place('3').path, sealDocument({ schema: 1 }, place('3'), Buffer.alloc(32, 8)))
    await open().write('a', 'a')
    expect((await rowsOf(21, 'a'))?.sort()).toEqual([...lines('1', 'a'), ...lines('3', 'a').slice(0, 2)].sort())
    const told = await until(() => readFile(join(root, 'log'), 'utf8'))
    expect(JSON.parse(told)).toMatchObject({ level: 40, orchestration: '2', msg: 'an order is left out of the audit' })
  })
  it('is made again when its part was written and the mark was not', async () => {
    await order('a', '1', 20)
    await order('a', '2', 21)
    const failing = { ...management, writeAuditMark: () => Promise.reject(new Error('killed')) }
    await expect(open({ management: failing }).write('a', 'a')).rejects.toThrow('killed')
    await store.delete(common, auditPath('2026-11-21', 'a'))
    await open().write('a', 'a')
    expect([await rowsOf(20, 'a'), await rowsOf(21, 'a')]).toEqual([lines('1', 'a'), lines('2', 'a')])
  })
})

/** Orders of one day go through the same at the same second: first all that was posted. */
function bySecond(a: string, b: string): number {
  const place = (line: string) => ['post', 'start', 'prepare', 'submit'].findIndex((kind) => line.includes(kind))
  return place(a) - place(b) || (a < b ? -1 : 1)
}
