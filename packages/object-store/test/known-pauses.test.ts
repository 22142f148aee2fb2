import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '@lautta/core/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFolderStore } from '../src/folder/folder-store.ts'
import { createKnownPauses } from '../src/known-pauses.ts'
import { createManagement } from '../src/management.ts'
import type { ObjectStore } from '../src/object-store.ts'

const bucket = 'mlch-for-air'
let root: string
let folder: ObjectStore
let isAway = false
let listings = 0
let nowMs = 0
let failures: unknown[] = []
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-pauses-'))
  folder = createFolderStore(root)
  isAway = false
  listings = 0
  nowMs = 0
  failures = []
})
afterEach(() => rm(root, { recursive: true }))

const openDocuments = () => {
  const list: ObjectStore['list'] = async (...asked) => {
    listings++
    if (isAway) throw new StorageError('the store is away')
    return folder.list(...asked)
  }
  const store = { ...folder, list }
  const documentKey = Buffer.from('a key')
  return createManagement({ store, bucketPrefix: 'mlch', documentKey, slugOf: (user) => user, onIgnored: () => {} })
}
const openPauses = (documents: Parameters<typeof createKnownPauses>[0] = openDocuments()) => {
  const pauses = createKnownPauses(
    documents,
    () => new Date(nowMs),
    (error) => failures.push(error)
  )
  const reasonOf = async (user: string, platform: string) => {
    const pause = await pauses.find(user, platform)
    return pause === null ? null : `paused by ${pause.by}`
  }
  return { ...pauses, reasonOf }
}
const write = (user: string | null, paused: boolean) =>
  openDocuments().writePause({ platform: 'lumi', user, paused, by: 'admin', at: '2026-01-01T00:00:00.000Z' })

describe('a pause', () => {
  it('of a platform holds for everybody there, that of a user for that one alone', async () => {
    await write('u', true)
    const pauses = openPauses()
    expect(await pauses.reasonOf('u', 'lumi')).toBe('paused by admin')
    expect(await pauses.reasonOf('v', 'lumi')).toBeNull()
    expect(await pauses.reasonOf('u', 'mahti')).toBeNull()
    await write(null, true)
    nowMs += 2000
    expect(await pauses.reasonOf('v', 'lumi')).toBe('paused by admin')
    await write(null, false)
    nowMs += 2000
    expect([await pauses.reasonOf('u', 'lumi'), await pauses.reasonOf('v', 'lumi')]).toEqual(['paused by admin', null])
  })
  it('is looked for by one listing in two seconds, however many ask', async () => {
    await write(null, true)
    const pauses = openPauses()
    const asked = await Promise.all(['u', 'v', 'w'].map((user) => pauses.reasonOf(user, 'lumi')))
    expect(asked).toEqual(['paused by admin', 'paused by admin', 'paused by admin'])
    nowMs += 1999
    await pauses.reasonOf('u', 'mahti')
    expect(listings).toBe(1)
    nowMs += 1
    await pauses.reasonOf('u', 'mahti')
    expect(listings).toBe(2)
  })
  it('holds while the store does not answer', async () => {
    await write('u', true)
    const pauses = openPauses()
    await pauses.reasonOf('u', 'lumi')
    isAway = true
    nowMs += 60_000
    const asked = await Promise.all(['u', 'v', 'u'].map((user) => pauses.reasonOf(user, 'lumi')))
    expect([asked, failures.length]).toEqual([['paused by admin', null, 'paused by admin'], 1])
  })
  it('is known as it was when the listing began', async () => {
    const { pausePathOf, readPause, listPauses } = openDocuments()
    const listSlowly = async () => {
      const listed = await listPauses()
      nowMs += 1500
      return listed
    }
    const pauses = openPauses({ pausePathOf, readPause, listPauses: listSlowly })
    expect(await pauses.reasonOf('u', 'lumi')).toBeNull()
    await write('u', true)
    nowMs += 500
    expect(await pauses.reasonOf('u', 'lumi')).toBe('paused by admin')
  })
  it('that was just written is known at once, and to a listing that began before', async () => {
    const { pausePathOf, readPause, listPauses } = openDocuments()
    let meanwhile = async (): Promise<void> => {}
    const readSlowly = async (path: string) => {
      const found = await readPause(path)
      await meanwhile()
      return found
    }
    const pauses = openPauses({ pausePathOf, readPause: readSlowly, listPauses })
    const set = async (paused: boolean): Promise<void> => {
      await write('u', paused)
      pauses.learn({ platform: 'lumi', user: 'u', paused, by: 'admin', at: '' })
    }
    expect(await pauses.reasonOf('u', 'lumi')).toBeNull()
    await set(true)
    expect(await pauses.reasonOf('u', 'lumi')).toBe('paused by admin')
    meanwhile = () => set(false)
    nowMs += 2000
    expect(await pauses.reasonOf('u', 'lumi')).toBeNull()
  })
  it('is not taken for none until the store has answered once', async () => {
    isAway = true
    const pauses = openPauses()
    await expect(pauses.reasonOf('u', 'lumi')).rejects.toThrow(StorageError)
    isAway = false
    expect(await pauses.reasonOf('u', 'lumi')).toBeNull()
  })
  it('that an old listing leaves out holds as long as its document is there', async () => {
    await write('u', true)
    const { pausePathOf, readPause, listPauses } = openDocuments()
    let lists = listPauses
    const pauses = openPauses({ pausePathOf, readPause, listPauses: () => lists() })
    await pauses.reasonOf('u', 'lumi')
    lists = async () => new Map()
    nowMs += 2000
    expect(await pauses.reasonOf('u', 'lumi')).toBe('paused by admin')
    await folder.delete(bucket, 'PAUSES/lumi/u.json')
    nowMs += 2000
    expect(await pauses.reasonOf('u', 'lumi')).toBeNull()
  })
  it('that nobody of us wrote is none, and one of a newer version is one', async () => {
    await write('u', true)
    await write('v', true)
    const copied = await folder.get(bucket, 'PAUSES/lumi/u.json')
    await folder.put(bucket, 'PAUSES/lumi/w.json', copied?.content ?? Buffer.alloc(0))
    const newer = { platform: 'lumi', user: 'v', paused: 'until tomorrow', by: 'admin', at: '' }
    await openDocuments().writePause(newer as never)
    const pauses = openPauses()
    expect(await pauses.reasonOf('w', 'lumi')).toBeNull()
    expect(await pauses.reasonOf('v', 'lumi')).toMatch(/a newer Lautta/)
  })
  it('counts its versions, and lies under the name of its user in the common bucket', async () => {
    for (const paused of [true, false, true]) await write('u', paused)
    const found = await folder.head(bucket, 'PAUSES/lumi/u.json')
    expect(found?.metadata.version).toBe('3')
  })
})
