import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveKey } from '@lautta/core/derive-key'
import { beginForward, tellForward } from '@lautta/core/forwards/forward-status'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement } from '@lautta/object-store/management'
import { createLogger } from '@lautta/runtime/logger'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { type HouseOptions, keepHouse } from '../src/keep-house.ts'

let root: string
let house: HouseOptions

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-house-'))
  const logger = createLogger('info', join(root, 'log'))
  const store = createFolderStore(root)
  const management = createManagement({
    ...{ store, bucketPrefix: 'mlch', documentKey: deriveKey('a master key', 'documents') },
    slugOf: (user) => user,
    onIgnored: () => {}
  })
  house = {
    store,
    management,
    users: [{ name: 'a' }, { name: 'b' }],
    logger,
    now: () => new Date(),
    retention: { tasksDays: 30, auditDays: null },
    signal: new AbortController().signal
  }
})
afterEach(() => rm(root, { recursive: true }))

/** The lines of the log, once there are so many. */
const told = (count: number) =>
  until(async () => {
    const lines = (await readFile(join(root, 'log'), 'utf8')).split('\n').filter((line) => line !== '')
    return lines.length >= count && lines.map((line) => JSON.parse(line))
  })

describe('housekeeping', () => {
  it('removes what uploads of more than a week ago left, and nothing younger', async () => {
    const folder = join(root, '.tmp/mlch-pipe-b')
    await mkdir(folder, { recursive: true })
    for (const [name, hours] of [
      ['old', 7 * 24 + 1],
      ['young', 7 * 24 - 1]
    ] as const) {
      await writeFile(join(folder, name), 'half')
      const at = new Date(Date.now() - hours * 3600 * 1000)
      await utimes(join(folder, name), at, at)
    }
    await keepHouse(house)
    expect(await readdir(folder)).toEqual(['young'])
    expect(await told(1)).toMatchObject([{ bucket: 'mlch-pipe-b', removed: 1 }])
  })
  it('removes forwards that were closed more than a week ago, and leaves all others', async () => {
    const at = (hours: number) => new Date(Date.now() - hours * 3600 * 1000).toISOString()
    const ids = ['old', 'young', 'open'].map((name) => name.padEnd(26, '0'))
    for (const [index, hours] of [7 * 24 + 1, 7 * 24 - 1, null].entries()) {
      const id = ids[index]!
      const target = { platform: 'lumi', orchestration: null, index: null, service: 'dashboard' as const, node: 0 }
      await house.management.writeForward({ id, user: 'a', ...target, createdAt: at(999), keyId: 'k' })
      const news = hours === null ? ({ state: 'open', attempt: null } as const) : ({ state: 'closed', reason: 'x' } as const)
      await house.management.writeForwardStatus('a', tellForward(beginForward(id), news, null, at(hours ?? 999)))
    }
    await keepHouse(house)
    expect((await house.management.listForwards('a')).map(({ id }) => id).sort()).toEqual(ids.slice(1).sort())
  })
  it('removes parts of TASKS and AUDIT of dates that are kept no longer, and nothing else that lies there', async () => {
    const { store } = house
    const date = (days: number) => new Date(Date.now() - days * 24 * 3600 * 1000).toISOString().slice(0, 10)
    const tasks = [
      ...[30, 31].map((days) => `ARTIFACTS/TASKS/${date(days)}/part.parquet`),
      `ARTIFACTS/TASKS/${date(31)}/my/notes.parquet`
    ]
    const others = ['ARTIFACTS/TASKS/notes/part.parquet', `ARTIFACTS/SACCT/${date(99)}/part.parquet`]
    for (const path of [...tasks, ...others, `ARTIFACTS/TASKS/${date(31)}/notes.txt`])
      await store.put('mlch-sub-air-a', path, Buffer.from('x'))
    for (const days of [364, 366]) await store.put('mlch-for-air', `AUDIT/${date(days)}/a.parquet`, Buffer.from('x'))
    const left = async (bucket: string) => (await store.list(bucket)).objects.map(({ path }) => path)
    await keepHouse(house)
    expect(await left('mlch-sub-air-a')).toEqual(
      [tasks[0]!, tasks[2]!, ...others, `ARTIFACTS/TASKS/${date(31)}/notes.txt`].sort()
    )
    expect(await left('mlch-for-air')).toHaveLength(2)
    await keepHouse({ ...house, retention: { tasksDays: null, auditDays: 365 } })
    expect(await left('mlch-for-air')).toEqual([`AUDIT/${date(364)}/a.parquet`])
  })
  it('says which bucket grows full', async () => {
    for (let number = 0; number < 5; number++) await house.store.put('mlch-exp-a', `x${number}`, Buffer.from('x'))
    await house.store.put('mlch-exp-b', 'x', Buffer.from('x'))
    await keepHouse({ ...house, mostObjects: 6 })
    expect(await told(1)).toMatchObject([{ bucket: 'mlch-exp-a', objects: 5, usedBytes: 5, most: 6 }])
  })
  it('goes on with the others when one bucket can not be looked after', async () => {
    await mkdir(join(root, '.tmp'))
    await writeFile(join(root, 'mlch-exp-a'), 'no folder')
    await house.store.put('mlch-exp-b', 'x', Buffer.from('x'))
    await keepHouse({ ...house, mostObjects: 1 })
    expect(await told(2)).toMatchObject([
      { bucket: 'mlch-exp-a', level: 40 },
      { bucket: 'mlch-exp-b', objects: 1 }
    ])
  })
})
