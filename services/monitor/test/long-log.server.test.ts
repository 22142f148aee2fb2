import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type LogStream, logPath, logPiecePath, logTablePath } from '@lautta/core/object-names'
import { createFolderStore } from '@lautta/object-store/folder'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runPython } from '../../../test/support/python.ts'

const megabyte = 1e6
const run = { id: '1', platform: 'local', index: 0, attempt: 1 }
const bucket = 'mlch-pipe-u'
const lineBytes = 80
const lineCount = 5_000_000
const numberDigits = 9
const words = ' INFO step of a training, its loss and its rate'.padEnd(lineBytes - 1 - numberDigits, '.')
const oneLineBytes = 100 * megabyte

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-long-log-'))
})
afterAll(() => rm(root, { recursive: true }))

describe('a log of 500 MB', () => {
  it('is in the table as a whole, and is never in memory as a whole', async () => {
    const store = createFolderStore(join(root, 'store'))
    const putPiece = async (stream: LogStream, offset: number, bytes: Buffer) => {
      await store.put(bucket, logPiecePath(run, stream, 0, offset), bytes)
    }
    // 400 MB of lines of 80 bytes, and 100 MB without any line end, which nothing can make smaller.
    const atOnce = 50_000
    const lines = Buffer.from(`${'0'.repeat(numberDigits)}${words}\n`.repeat(atOnce))
    for (let from = 0; from < lineCount; from += atOnce) {
      for (let at = 0; at < atOnce; at++) lines.write(String(from + at + 1).padStart(numberDigits), at * lineBytes, 'latin1')
      await putPiece('out', from * lineBytes, lines)
    }
    for (let offset = 0; offset < oneLineBytes; offset += 4 * megabyte)
      await putPiece('err', offset, Buffer.from(randomBytes(3 * megabyte).toString('base64')))

    const script = fileURLToPath(new URL('finish-in-process.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', script, join(root, 'store'), bucket, JSON.stringify(run)]
    ])
    expect(Number(stdout)).toBeLessThan(400 * megabyte)

    expect((await store.head(bucket, logPath(run, 'out')))?.usedBytes).toBe(lineCount * lineBytes)
    expect((await store.head(bucket, logPath(run, 'err')))?.usedBytes).toBe(oneLineBytes)
    const query = `select source, count(*)::int, sum(line)::bigint::varchar, sum(length("rows"))::int, max(length("rows"))::int,
      bool_and(try_cast("rows"[:9] as bigint) = line) filter (source = 'out') from read_parquet('TABLE') group by 1 order by 1`
    const found = await runPython(
      'import sys, json, duckdb\nduckdb.sql("set enable_progress_bar = false")\nprint(json.dumps(duckdb.sql(sys.argv[2].replace("TABLE", sys.argv[1])).fetchall()))',
      join(root, 'store', bucket, logTablePath(run)),
      query
    )
    const parts = Math.ceil(oneLineBytes / 2 ** 20)
    expect(found).toEqual([
      ['err', parts, String(parts), oneLineBytes, 2 ** 20, null],
      ['out', lineCount, String((lineCount * (lineCount + 1)) / 2), lineCount * (lineBytes - 1), lineBytes - 1, true]
    ])
  })
})
