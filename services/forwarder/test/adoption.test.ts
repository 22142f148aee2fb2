import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveKey } from '@lautta/core/derive-key'
import { sealDocument } from '@lautta/core/documents/sealed-document'
import { StorageError } from '@lautta/core/errors'
import { declareJob, type Job } from '@lautta/core/job/job'
import { answerOrder } from '@lautta/core/orchestration/answer'
import { writePickle } from '@lautta/core/pickle/write-pickle'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement, type Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { readObject } from '@lautta/object-store/read-object'
import { createLogger } from '@lautta/runtime/logger'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readPickledRequest } from '../src/adoption/read-pickled-request.ts'
import { createUserAdoption } from '../src/adoption/user-adoption.ts'
import { createVersions } from '../src/adoption/versions.ts'
import { createOrderReader } from '../src/order-reader.ts'

const user = 'user@example.com'
const bucket = 'mlch-sub-air-user-example-com'
const platforms = [
  { name: 'lumi', transport: 'ssh2', retired: null, ownerOnlyServices: false, kind: 'slurm', billing: [] },
  { name: 'local', transport: 'local', retired: null, ownerOnlyServices: false, kind: 'local', billing: [] }
]

const documentKey = deriveKey('a master key', 'documents')

let folder: string
let store: ObjectStore
let management: Management
let second: number
let told: [id: string, platforms: readonly string[]][]
/** Paths of which the next put fails. */
let failing: RegExp | null
/** Paths that listings do not show, and such as are answered with 404. */
let unlisted: RegExp | null
let absent: RegExp | null
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-adoption-'))
  const folderStore = createFolderStore(folder)
  store = {
    ...folderStore,
    put: async (inBucket, path, ...rest) => {
      if (failing?.test(path)) throw new StorageError('the store is away')
      return folderStore.put(inBucket, path, ...rest)
    },
    list: async (...given) => {
      const listed = await folderStore.list(...given)
      return { ...listed, objects: listed.objects.filter(({ path }) => !unlisted?.test(path)) }
    },
    get: async (inBucket, path, ...rest) => (absent?.test(path) ? null : folderStore.get(inBucket, path, ...rest)),
    head: async (inBucket, path) => (absent?.test(path) ? null : folderStore.head(inBucket, path))
  }
  management = createManagement({
    ...{ store, bucketPrefix: 'mlch', documentKey, slugOf: () => 'user-example-com' },
    onIgnored: () => {}
  })
  second = 0
  told = []
  failing = null
  unlisted = null
  absent = null
})
afterEach(() => rm(folder, { recursive: true }))

/** A forwarder that begins to adopt. */
function startForwarder({ isAdmin = false } = {}) {
  const now = () => new Date(second * 1000)
  const reader = createOrderReader(management)
  const writer = { nudge: async (_user: string, id: string, on: readonly string[]) => void told.push([id, on]) }
  const versions = createVersions({ user, management, reader, writer, now, mayWrite: () => {} })
  const read = (content: Uint8Array) => readPickledRequest(content, platforms, { isAdmin })
  const adoption = createUserAdoption({ user, management, versions, read, now, logger: createLogger('silent') })
  return {
    look: adoption.look,
    answer: async (id: string) => answerOrder(await reader.read(user, id))
  }
}

const put = (id: string, content: Uint8Array) => store.put(bucket, `MANAGEMENT/${id}.pkl`, content)
const remove = (id: string) => store.delete(bucket, `MANAGEMENT/${id}.pkl`)
const pickled = (platform: string, ...jobs: { start?: boolean; cancel?: boolean }[]) => {
  return writePickle({ name: 'n', platforms: { [platform]: { jobs: jobs.map((status) => ({ path: '/a.sh', status })) } } })
}
/** The orders that stand, as `start 1 lumi/0`. */
async function orders(id: string): Promise<string[]> {
  const { orderIds } = await management.listOrder(user, id)
  const read = await Promise.all(orderIds.map((orderId) => management.readOrder(user, id, orderId)))
  return read.map((one) => `${one?.order} ${one?.attempt} ${one?.platform ?? ''}/${one?.index ?? ''}`).sort()
}
const versionsOf = async (id: string) => (await management.listOrder(user, id)).versions.toReversed()
async function saveStatus(id: string, ...jobs: Partial<Job>[]): Promise<void> {
  const head = { schema: 1, id, platform: 'lumi', fence: 1, sequence: 1, history: [] }
  await management.writeStatus(user, { ...head, jobs: jobs.map((job, index) => ({ ...declareJob(index), version: 1, ...job })) })
}
const failed = { kind: 'finished' as const, slurmJobId: '7', outcome: 'failed' as const, exitCode: 1, reason: null }

describe('a pickled request in the bucket', () => {
  it('is adopted with the orders that its flags say, once, and the submitter is told', async () => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', { start: true }, {}))
    await forwarder.look()
    await forwarder.look()
    expect([await versionsOf('1'), await orders('1'), told]).toEqual([[1], ['start 1 lumi/0'], [['1', ['lumi']]]])
    expect(await forwarder.answer('1')).toMatchObject({
      id: '1',
      name: 'n',
      state: 'active',
      'created-at': '1970-01-01T00:00:00.000Z'
    })
    const [order] = (await management.listOrder(user, '1')).orderIds
    expect(await management.readOrder(user, '1', order ?? '')).toMatchObject({ by: user, keyId: 'bucket', version: 1 })
  })
  it('is not adopted again by the next forwarder, nor when the same is put again', async () => {
    await put('1', pickled('lumi', { start: true }))
    await startForwarder().look()
    const next = startForwarder()
    await put('1', pickled('lumi', { start: true }))
    await next.look()
    expect([await versionsOf('1'), await orders('1')]).toEqual([[1], ['start 1 lumi/0']])
  })
  it('that was put anew is the next version, and a flag that turned true is an order', async () => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', { start: true }, {}))
    await forwarder.look()
    await saveStatus('1', { state: { ...failed, collecting: 'stored' } })
    second = 60
    await put('1', pickled('lumi', {}, { start: true }))
    await forwarder.look()
    expect(await orders('1')).toEqual(['start 1 lumi/0', 'start 1 lumi/1'])
    await put('1', pickled('lumi', { start: true }, { start: true }))
    await forwarder.look()
    expect(await orders('1')).toEqual(['start 1 lumi/0', 'start 1 lumi/1', 'start 2 lumi/0'])
    expect([await versionsOf('1'), (await forwarder.answer('1'))['created-at']]).toEqual([[1, 2, 3], '1970-01-01T00:00:00.000Z'])
  })
  it.each([/ADOPTED/, /ORDERS/])('gives each order once when the forwarder dies at its write of %s', async (path) => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', { start: true }, { start: true }))
    failing = path
    await forwarder.look()
    expect(await orders('1')).toEqual([])
    failing = null
    const next = startForwarder()
    await next.look()
    await next.look()
    expect([await versionsOf('1'), await orders('1')]).toEqual([[1], ['start 1 lumi/0', 'start 1 lumi/1']])
    expect(told.at(-1)).toEqual(['1', ['lumi']])
  })
  it('whose write failed may have arrived: its number is not given again', async () => {
    const forwarder = startForwarder()
    failing = /ADOPTED/
    await put('1', pickled('lumi', { start: true }))
    await forwarder.look()
    failing = null
    await forwarder.look()
    expect(await versionsOf('1')).toEqual([2])
  })
  it('holds up no other when it can not be adopted', async () => {
    const forwarder = startForwarder()
    for (const id of ['1', '2', '3']) await put(id, pickled('lumi', { start: true }))
    failing = /2\/ADOPTED/
    await forwarder.look()
    expect([await orders('1'), await orders('2'), await orders('3')].map((list) => list.length)).toEqual([1, 0, 1])
  })
  it('is recalled beside one that can not be', async () => {
    for (const id of ['1', '2']) await put(id, pickled('lumi', { start: true }))
    await startForwarder().look()
    // A newer Lautta wrote this one.
    const path = 'MANAGEMENT/1/ADOPTED/1.json'
    const content = JSON.parse((await readObject(store, bucket, path))?.toString() ?? '')
    const newer = sealDocument({ ...content, found: 'something' }, { bucket, path }, documentKey)
    await store.put(bucket, path, newer)
    const next = startForwarder()
    await put('2', pickled('lumi', { start: true, cancel: true }))
    await next.look()
    expect([await versionsOf('1'), await orders('2')]).toEqual([[1], ['start 1 lumi/0', 'stop 1 lumi/0']])
  })
  it('is no order of ours when its name is none, and when the REST API has one of that name', async () => {
    const forwarder = startForwarder()
    const request = { name: 'posted', labels: {}, platforms: {} }
    const posted = { schema: 1, id: 'posted', user, createdAt: '', bodySha256: '', warnings: [], request }
    await management.writeRequest(user, posted)
    for (const id of ['posted', '.hidden', 'a b', 'x'.repeat(65), 'deep/er']) await put(id, pickled('lumi', { start: true }))
    // Nobody of us wrote it, so it wins over nothing.
    await store.put(bucket, 'MANAGEMENT/foreign.json', Buffer.from('{}'))
    await put('foreign', pickled('lumi', {}))
    await forwarder.look()
    const adopted = (await management.listOrders(user)).filter(({ versions }) => versions.length > 0)
    expect(adopted.map(({ id }) => id)).toEqual(['foreign'])
    expect(await forwarder.answer('posted')).toMatchObject({ name: 'posted' })
  })
})

describe('a pickled request that was taken away', () => {
  const lookAt = async (forwarder: ReturnType<typeof startForwarder>, ...seconds: number[]) => {
    for (const at of seconds) {
      second = at
      await forwarder.look()
    }
  }

  it('stops its jobs, once, when it is not there for half a minute', async () => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', { start: true }))
    await lookAt(forwarder, 0)
    await remove('1')
    await lookAt(forwarder, 10, 20, 30)
    expect(await orders('1')).toEqual(['start 1 lumi/0'])
    await lookAt(forwarder, 40, 50, 100)
    await lookAt(startForwarder(), 110, 120, 130, 140, 150)
    expect([await versionsOf('1'), await orders('1')]).toEqual([
      [1, 2],
      ['start 1 lumi/0', 'stop 1 /']
    ])
    expect(await forwarder.answer('1')).toMatchObject({ name: 'n', state: 'active' })
  })
  it('is not stopped when it is only replaced', async () => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', { start: true }))
    await lookAt(forwarder, 0)
    await remove('1')
    await lookAt(forwarder, 10)
    await put('1', pickled('lumi', { start: true }, {}))
    await lookAt(forwarder, 20)
    await remove('1')
    await lookAt(forwarder, 45)
    expect(await orders('1')).toEqual(['start 1 lumi/0'])
  })
  it('is started again when it is put again', async () => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', { start: true }))
    await lookAt(forwarder, 0)
    await remove('1')
    await lookAt(forwarder, 10, 40)
    await put('1', pickled('lumi', { start: true }))
    await lookAt(forwarder, 50)
    expect(await orders('1')).toEqual(['start 1 lumi/0', 'start 2 lumi/0', 'stop 1 /'])
  })
})

describe('a request of which listings lag behind', () => {
  it('is not stopped while the object itself is there', async () => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', { start: true }))
    await forwarder.look()
    unlisted = /\.pkl$/
    for (second = 10; second <= 200; second += 10) await forwarder.look()
    expect([await versionsOf('1'), await orders('1')]).toEqual([[1], ['start 1 lumi/0']])
  })
  it.each([/./, /\.pkl$/])('is not stopped while the store has nothing, and lists no %s', async (hidden) => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', { start: true }))
    await forwarder.look()
    await forwarder.answer('1')
    unlisted = hidden
    absent = /./
    for (second = 10; second <= 200; second += 10) await forwarder.look()
    unlisted = null
    absent = null
    await forwarder.look()
    expect([await versionsOf('1'), await orders('1')]).toEqual([[1], ['start 1 lumi/0']])
  })
  it('is stopped by a flag that turns true, although its start is not listed yet', async () => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', { start: true }))
    await forwarder.look()
    await saveStatus('1', { state: { ...failed, collecting: 'stored' } })
    await put('1', pickled('lumi', {}))
    await forwarder.look()
    const { orderIds: before } = await management.listOrder(user, '1')
    await put('1', pickled('lumi', { start: true }))
    await forwarder.look()
    const { orderIds: after } = await management.listOrder(user, '1')
    unlisted = new RegExp(after.filter((orderId) => !before.includes(orderId)).join('|'))
    await put('1', pickled('lumi', { start: true, cancel: true }))
    await forwarder.look()
    unlisted = null
    expect(await orders('1')).toEqual(['start 1 lumi/0', 'start 2 lumi/0', 'stop 2 lumi/0'])
  })
  it('is not started anew by a flag that stayed true, although its last version is not listed yet', async () => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', {}))
    await forwarder.look()
    await put('1', pickled('lumi', { start: true }))
    await forwarder.look()
    await saveStatus('1', { version: 2, state: { ...failed, collecting: 'stored' } })
    unlisted = /ADOPTED\/2/
    await put('1', pickled('lumi', { start: true }, {}))
    await forwarder.look()
    expect(await orders('1')).toEqual(['start 1 lumi/0'])
  })
  it('keeps its last version under the next forwarder, which counts on from it', async () => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', {}))
    await forwarder.look()
    await put('1', pickled('lumi', { start: true }))
    await forwarder.look()
    const second = await management.readAdopted(user, '1', 2)
    unlisted = /ADOPTED\/2/
    await put('1', pickled('lumi', { start: true }, {}))
    await startForwarder().look()
    unlisted = null
    expect(await management.readAdopted(user, '1', 2)).toEqual(second)
    expect([await versionsOf('1'), await orders('1')]).toEqual([[1, 2, 3], ['start 1 lumi/0']])
  })
  it('is never given a number that another forwarder gave', async () => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', {}))
    await forwarder.look()
    await put('1', pickled('lumi', { start: true }))
    await startForwarder().look()
    const theirs = await management.readAdopted(user, '1', 2)
    await put('1', pickled('lumi', { start: true }, {}))
    await forwarder.look()
    await forwarder.look()
    expect(await management.readAdopted(user, '1', 2)).toEqual(theirs)
    expect([await versionsOf('1'), await orders('1')]).toEqual([[1, 2, 3], ['start 1 lumi/0']])
  })
})

describe('a pickle that is no request', () => {
  // A pickle that calls os.system when Python loads it.
  const evil = Buffer.from("cos\nsystem\n(S'true'\ntR.")

  it('is listed as refused with what is wrong, and orders nothing', async () => {
    const forwarder = startForwarder()
    await put('evil', evil)
    await put('wrong', writePickle({ name: 'n', platforms: { atlantis: { jobs: [] } } }))
    await put('local', pickled('local', { start: true }))
    await forwarder.look()
    await forwarder.look()
    expect(await forwarder.answer('evil')).toMatchObject({
      ...{ id: 'evil', name: 'evil', state: 'refused', outcome: null, platforms: {} },
      errors: [{ path: '', message: expect.stringMatching(/os\.system/) }]
    })
    expect((await forwarder.answer('wrong')).errors?.map(({ path }) => path)).toEqual(['platforms.atlantis'])
    expect((await forwarder.answer('local')).errors).toMatchObject([{ path: 'platforms.local' }])
    await startForwarder().look()
    expect([await versionsOf('evil'), await orders('evil'), await orders('local')]).toEqual([[1], [], []])
  })
  it('is read again by the next forwarder, which may know more platforms', async () => {
    await put('local', pickled('local', { start: true }))
    await startForwarder().look()
    const next = startForwarder({ isAdmin: true })
    await next.look()
    expect([await next.answer('local'), await orders('local')]).toMatchObject([{ state: 'active' }, ['start 1 local/0']])
  })
  it('leaves the version before it in force, until there is one that can be read', async () => {
    const forwarder = startForwarder()
    await put('1', pickled('lumi', { start: true }))
    await forwarder.look()
    await put('1', evil)
    await forwarder.look()
    expect(await forwarder.answer('1')).toMatchObject({
      ...{ name: 'n', state: 'active' },
      warnings: [expect.stringMatching(/^the newest version is not taken in: .*os\.system/)]
    })
    await put('1', pickled('lumi', { start: true }, { start: true }))
    await forwarder.look()
    expect([await versionsOf('1'), await orders('1')]).toEqual([
      [1, 2, 3],
      ['start 1 lumi/0', 'start 1 lumi/1']
    ])
    expect((await forwarder.answer('1')).warnings).toEqual([])
  })
  it('is told without being read when it is too large', async () => {
    const forwarder = startForwarder()
    await put('1', Buffer.alloc(16 * 1024 * 1024 + 1))
    await forwarder.look()
    expect((await forwarder.answer('1')).errors).toEqual([
      { path: '', message: 'the pickle has 16777217 bytes, and may have 16777216' }
    ])
  })
})

it('a pickle with thousands of mistakes is told the first hundred of them', () => {
  const job = { script: 'x', ...Object.fromEntries(Array.from({ length: 5000 }, (_, number) => [`wrong-${number}`, 1])) }
  const pickle = writePickle({ name: 'n', platforms: { local: { jobs: [job] } } })
  const read = readPickledRequest(pickle, platforms, { isAdmin: true })
  const errors = 'errors' in read ? read.errors : []
  expect(errors.length).toBe(101)
  expect(errors.at(-1)?.message).toMatch(/^and \d+ more$/)
})
