import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Attempt, declareJob } from '@lautta/core/job/job'
import { type LogStream, logPath, logPiecePath } from '@lautta/core/object-names'
import { createFolderStore } from '@lautta/object-store/folder'
import { writeLogIndex } from '@lautta/object-store/log-index'
import { joinLogParts } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findLog } from '../src/find-log.ts'

const run = { id: '01jd', platform: 'lumi', index: 0, attempt: 1 }
const submitted: Attempt = { ...declareJob(0), state: { kind: 'running', slurmJobId: '20' } }
const array: Attempt = { ...submitted, array: '2,7-12', outPath: '/log/%a', errPath: '/all.err' }

let root: string
let store: ObjectStore
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-find-log-'))
  store = createFolderStore(root)
})
afterEach(() => rm(root, { recursive: true }))

const whole = (stream: LogStream, text: string) => store.put('b', logPath(run, stream), Buffer.from(text))
const piece = (stream: LogStream, offset: number, text: string) =>
  store.put('b', logPiecePath(run, stream, 0, offset), Buffer.from(text))
const read = async (attempt: Attempt, task: number | null, { source = 'out' as 'out' | 'err', from = 0 } = {}) => {
  const parts = await findLog(store, 'b', run, attempt, { source, task })
  return Buffer.concat(await joinLogParts(store, 'b', parts, from).toArray()).toString()
}

describe('the log of an array', () => {
  it('is that of one task, while it runs and at its end', async () => {
    await piece('out.7', 0, 'sev')
    await piece('out.7', 3, 'en')
    await piece('out.12', 0, 'twelve')
    expect([await read(array, 7), await read(array, 7, { from: 2 }), await read(array, 12)]).toEqual(['seven', 'ven', 'twelve'])
    await whole('out.7', 'seven, all of it')
    expect([await read(array, 7), await read(array, 2)]).toEqual(['seven, all of it', ''])
  })
  it('is all tasks in the sequence of their numbers, from any byte on', async () => {
    await piece('out.12', 0, 'twelve')
    await piece('out.7', 0, 'sev')
    await whole('out.7', 'seven ')
    await whole('out.2', 'two ')
    await piece('err', 0, 'of the other stream')
    expect([await read(array, null), await read(array, null, { from: 6 })]).toEqual(['two seven twelve', 'ven twelve'])
  })
  it('is found while its pieces are joined and removed', async () => {
    await piece('out.7', 0, 'sev')
    await piece('out.7', 3, 'en')
    const listed = store
    store = {
      ...listed,
      async list(bucket, options) {
        await whole('out.7', 'seven')
        await listed.delete('b', logPiecePath(run, 'out.7', 0, 0))
        return listed.list(bucket, options)
      }
    }
    expect(await read(array, 7)).toBe('seven')
  })
  it('is a part of one object when there are very many tasks', async () => {
    const large = { ...array, array: '0-999' }
    expect([await read(large, 7), await read(large, null)]).toEqual(['', ''])
    await whole('out', 'twosevenlast')
    const tasks = [
      { task: 2, offset: 0, usedBytes: 3 },
      { task: 7, offset: 3, usedBytes: 5 },
      { task: 999, offset: 8, usedBytes: 4 }
    ]
    await writeLogIndex(store, 'b', run, 'out', tasks)
    expect(await Promise.all([2, 7, 999, 8].map((task) => read(large, task)))).toEqual(['two', 'seven', 'last', ''])
    expect([await read(large, 7, { from: 4 }), await read(large, 7, { from: 9 })]).toEqual(['n', ''])
    expect(await read(large, null, { from: 6 })).toBe('enlast')
  })
  it('is no task’s own when all of them write into one file', async () => {
    await piece('err', 0, 'together')
    expect(await read(array, null, { source: 'err' })).toBe('together')
    await expect(read(array, 7, { source: 'err' })).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('/all.err')
    })
  })
  it('has tasks that are there, and no others', async () => {
    await expect(read(array, 3)).rejects.toMatchObject({ status: 404, message: expect.stringContaining('2,7-12') })
    await expect(read(submitted, 2)).rejects.toMatchObject({ status: 400 })
    expect(await read(declareJob(0), 2)).toBe('')
  })
})
