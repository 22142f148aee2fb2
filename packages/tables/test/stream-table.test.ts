import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columns, type Row } from '../src/column.ts'
import { readRowCount } from '../src/read-row-count.ts'
import { readTable } from '../src/read-table.ts'
import { type StreamOptions, streamTable } from '../src/stream-table.ts'
import { writeTable } from '../src/write-table.ts'

const all = [...columns('string', 's'), ...columns('int64', 'i'), ...columns('double', 'd')]

async function* give(batches: readonly (readonly Row[])[]): AsyncGenerator<readonly Row[]> {
  yield* batches
}

async function gather(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const taken: Uint8Array[] = []
  for await (const piece of pieces) taken.push(piece)
  return Buffer.concat(taken)
}

const write = (batches: readonly (readonly Row[])[], options?: StreamOptions) => gather(streamTable(all, give(batches), options))
const rowOf = (i: number): Row => ({ s: `row ${i}`, i, d: i / 4 })
const rowsFrom = (from: number, count: number) => Array.from({ length: count }, (_none, at) => rowOf(from + at))

describe('a table that is written as a stream', () => {
  it('is read as it was given, however it was cut into batches', async () => {
    const cell = { s: fc.option(fc.string({ unit: 'grapheme' })), i: fc.option(fc.maxSafeInteger()) }
    const row = fc.record({ ...cell, d: fc.option(fc.double({ noNaN: true })) })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 20 }), { maxLength: 6 }), async (batches) => {
        const rows = batches.flat()
        const content = await write(batches, { groupRows: 7 })
        expect(readTable(content)).toEqual({ columns: all, rows })
        expect(readTable(writeTable({ columns: all, rows }))).toEqual({ columns: all, rows })
        expect([readRowCount(content), readRowCount(content.subarray(1))]).toEqual([rows.length, rows.length])
      }),
      { numRuns: 40 }
    )
  })
  it('has null where a row says nothing', async () => {
    expect(readTable(await write([[{ s: 'only text' }, { i: 3 }]])).rows).toEqual([
      { s: 'only text', i: null, d: null },
      { s: null, i: 3, d: null }
    ])
  })
  it('comes piece by piece, after no more rows than a piece holds', async () => {
    let given = 0
    async function* endless(): AsyncGenerator<readonly Row[]> {
      for (;;) {
        given += 1000
        yield rowsFrom(given, 1000)
      }
    }
    const pieces = streamTable(all, endless(), { groupRows: 4000 })
    for (let piece = 1; piece <= 5; piece++) {
      expect((await pieces.next()).done).toBe(false)
      // One piece is kept back, and one batch read ahead.
      expect(given).toBeLessThanOrEqual((piece + 1) * 4000 + 2000)
    }
    await pieces.return(undefined)
    const whenLeft = given
    await new Promise((resolve) => setImmediate(resolve))
    expect(given).toBe(whenLeft)
  })
  it('comes in small pieces where rows are long', async () => {
    // Bytes as they are written count, so these must not become fewer.
    const long = (at: number): Row[] => [{ s: randomBytes(64 * 1024).toString('base64'), i: at, d: null }]
    const batches = Array.from({ length: 40 }, (_none, at) => long(at))
    let pieces = 0
    const counted = async function* () {
      for await (const piece of streamTable(all, give(batches), { groupBytes: 512 * 1024 })) {
        pieces++
        yield piece
      }
    }
    expect(readTable(await gather(counted())).rows.map(({ i }) => i)).toEqual(batches.map((_none, at) => at))
    expect(pieces).toBeGreaterThan(4)
  })
  it('lets go of its source when nobody reads on', async () => {
    let isLeft = false
    async function* left(): AsyncGenerator<readonly Row[]> {
      try {
        for (;;) yield rowsFrom(0, 100)
      } finally {
        isLeft = true
      }
    }
    for await (const _piece of streamTable(all, left(), { groupRows: 100 })) break
    expect(isLeft).toBe(true)
  })
})

describe('a table whose source fails', () => {
  async function* failing(batches: number): AsyncGenerator<readonly Row[]> {
    for (let at = 0; at < batches; at++) yield rowsFrom(at * 100, 100)
    throw new Error('the source is gone')
  }
  it('fails with the words of the source, and what was sent is no Parquet file', async () => {
    for (const batches of [0, 1, 2, 10, 11]) {
      const sent: Uint8Array[] = []
      const read = async () => {
        for await (const piece of streamTable(all, failing(batches), { groupRows: 200 })) sent.push(piece)
      }
      await expect(read()).rejects.toThrow('the source is gone')
      expect(() => readRowCount(Buffer.concat(sent))).toThrow('the end of a Parquet file is not there')
    }
  })
  it('fails the stream that a store reads from', async () => {
    const content = Readable.from(streamTable(all, failing(3)), { objectMode: false })
    await expect(gather(content)).rejects.toThrow('the source is gone')
  })
})

describe('the rows that a footer tells', () => {
  it('are those of large files, too', async () => {
    const content = await write([rowsFrom(0, 70_000), rowsFrom(70_000, 70_001)])
    expect(readRowCount(content.subarray(-100_000))).toBe(140_001)
  })
  it('are not guessed from a part of it', async () => {
    const content = await write([rowsFrom(0, 10)])
    expect(() => readRowCount(content.subarray(-40))).toThrow('the footer of a Parquet file is not there as a whole')
    expect(() => readRowCount(content.subarray(0, -1))).toThrow('the end of a Parquet file is not there')
    expect(() => readRowCount(new Uint8Array())).toThrow('the end of a Parquet file is not there')
  })
})
