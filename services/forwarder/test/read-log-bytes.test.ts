import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '@lautta/core/errors'
import { createFolderStore } from '@lautta/object-store/folder'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readLogBytes } from '../src/follow/read-log-bytes.ts'

let root: string
let store: ObjectStore
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-log-bytes-'))
  store = createFolderStore(root)
  for (const [path, text] of Object.entries({ one: 'abc', two: '--defg--', three: 'h', none: '' }))
    await store.put('b', path, Buffer.from(text))
})
afterAll(() => rm(root, { recursive: true }))

const parts = [
  { path: 'one', usedBytes: 3 },
  { path: 'none', usedBytes: 0 },
  { path: 'two', first: 2, usedBytes: 4 },
  { path: 'three', usedBytes: 1 }
]

describe('bytes of a log', () => {
  it('are read from any place on, whatever parts they lie in', async () => {
    const whole = 'abcdefgh'
    for (let from = 0; from <= whole.length; from++) {
      for (let bytes = 0; bytes <= whole.length - from; bytes++)
        expect((await readLogBytes(store, 'b', parts, from, bytes)).toString()).toBe(whole.slice(from, from + bytes))
    }
  })
  it('are none when a part is gone, or has become another one', async () => {
    const gone = [...parts, { path: 'gone', usedBytes: 2 }]
    await expect(readLogBytes(store, 'b', gone, 0, 10)).rejects.toThrow(StorageError)
    expect((await readLogBytes(store, 'b', gone, 0, 8)).toString()).toBe('abcdefgh')
    const longer = [{ path: 'one', usedBytes: 5 }]
    await expect(readLogBytes(store, 'b', longer, 0, 5)).rejects.toThrow(StorageError)
  })
})
