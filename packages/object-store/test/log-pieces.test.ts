import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '@lautta/core/errors'
import { logPiecePath } from '@lautta/core/object-names'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFolderStore } from '../src/folder/folder-store.ts'
import { joinLogParts, listLogPieces } from '../src/log-pieces.ts'
import type { ObjectStore } from '../src/object-store.ts'

const run = { id: '01jd', platform: 'lumi', index: 0, attempt: 1 }
let root: string
let store: ObjectStore
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-pieces-'))
  store = createFolderStore(root)
  // Of a requeued job, out of their sequence; ten sorts behind nine.
  const pieces: [number, number, string][] = [
    [1, 0, 'second run'],
    [0, 10, 'B'],
    [0, 9, 'A'],
    [0, 0, '012345678']
  ]
  for (const [restart, offset, text] of pieces) await store.put('b', logPiecePath(run, 'out', restart, offset), Buffer.from(text))
  await store.put('b', logPiecePath(run, 'err', 0, 0), Buffer.from('of the other stream'))
})
afterAll(() => rm(root, { recursive: true }))

const read = async (from?: number) => {
  const pieces = await listLogPieces(store, 'b', run, 'out')
  return Buffer.concat(await joinLogParts(store, 'b', pieces, from).toArray()).toString()
}

describe('the pieces of a log', () => {
  it('are joined in the sequence in which they were written, run after run', async () => {
    expect(await read()).toBe('012345678ABsecond run')
  })
  it.each([
    [3, '345678ABsecond run'],
    [9, 'ABsecond run'],
    [11, 'second run'],
    [21, ''],
    [99, '']
  ])('are read from byte %i on', async (from, text) => {
    expect(await read(from)).toBe(text)
  })
  it('are not passed over when one is gone', async () => {
    const pieces = await listLogPieces(store, 'b', run, 'out')
    const gone = [...pieces, { path: 'LOGS/gone', restart: 2, offset: 0, usedBytes: 1 }]
    await expect(joinLogParts(store, 'b', gone).toArray()).rejects.toThrow(StorageError)
  })
})
