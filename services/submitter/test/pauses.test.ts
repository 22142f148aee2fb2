import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '@lautta/core/errors'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { createLogger } from '@lautta/runtime/logger'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPauses } from '../src/pauses.ts'

const logger = createLogger('silent')
const bucket = 'mlch-for-air'
let root: string
let folder: ObjectStore
let isAway = false
let listings = 0
let nowMs = 0
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-pauses-'))
  folder = createFolderStore(root)
  isAway = false
  listings = 0
  nowMs = 0
})
afterEach(() => rm(root, { recursive: true }))

const open = () => {
  const list: ObjectStore['list'] = async (...asked) => {
    listings++
    if (isAway) throw new StorageError('the store is away')
    return folder.list(...asked)
  }
  const store = { ...folder, list }
  const documentKey = Buffer.from('a key')
  return createManagement({ store, bucketPrefix: 'mlch', documentKey, slugOf: (user) => user, onIgnored: () => {} })
}
const openPauses = () => createPauses(open(), () => new Date(nowMs), logger)
const write = (user: string | null, paused: boolean) =>
  open().writePause({ platform: 'lumi', user, paused, by: 'admin', at: '2026-01-01T00:00:00.000Z' })

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
    expect([await pauses.reasonOf('u', 'lumi'), await pauses.reasonOf('v', 'lumi')]).toEqual(['paused by admin', null])
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
    const { pausePathOf, readPause, listPauses } = open()
    let lists = listPauses
    const pauses = createPauses({ pausePathOf, readPause, listPauses: () => lists() }, () => new Date(nowMs), logger)
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
    await open().writePause(newer as never)
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
