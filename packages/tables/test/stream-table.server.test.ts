import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runPython } from '../../../test/support/python.ts'
import { columns, type Row } from '../src/column.ts'
import { streamTable } from '../src/stream-table.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-streams-'))
})
afterAll(() => rm(folder, { recursive: true }))

const described = [...columns('string', 's'), ...columns('int64', 'i'), ...columns('double', 'd')]
const rowCount = 150_000

async function* giveRows(): AsyncGenerator<readonly Row[]> {
  for (let from = 0; from < rowCount; from += 10_000) {
    const numbers = Array.from({ length: 10_000 }, (_none, at) => from + at)
    yield numbers.map((i) => (i === 70_000 ? { i } : { s: `row ${i} ä`, i, d: i / 2 }))
  }
}

async function* giveNothing(): AsyncGenerator<readonly Row[]> {}

async function write(name: string, batches: AsyncIterable<readonly Row[]>): Promise<string> {
  const path = join(folder, name)
  await pipeline(streamTable(described, batches), createWriteStream(path))
  return path
}

const inPandas = (path: string, answer: string) =>
  runPython(`import sys, json, pandas as pd\ndf = pd.read_parquet(sys.argv[1])\nprint(json.dumps(${answer}))`, path)

describe('a table that was written as a stream', () => {
  it('has the index 0..n-1 in pandas, and all of its rows', async () => {
    const path = await write('rows', giveRows())
    const index = 'type(df.index).__name__, int(df.index[0]), int(df.index[-1]), len(df)'
    expect(await inPandas(path, `[list(df.columns), ${index}]`)).toEqual([
      ['s', 'i', 'd'],
      'RangeIndex',
      0,
      rowCount - 1,
      rowCount
    ])
    const cells = 'df.s[149999], bool(pd.isna(df.s[70000]) and pd.isna(df.d[70000])), str(df.i.dtype), int(df.i.sum()), df.d[3]'
    const sum = ((rowCount - 1) * rowCount) / 2
    expect(await inPandas(path, `[${cells}]`)).toEqual(['row 149999 ä', true, 'int64', sum, 1.5])
  })
  it('is compressed with zstd, in row groups of 65,536, in pyarrow', async () => {
    const read = `import sys, json, pyarrow.parquet as pq
m = pq.ParquetFile(sys.argv[1]).metadata
groups = [m.row_group(at) for at in range(m.num_row_groups)]
print(json.dumps([[g.num_rows for g in groups], sorted({g.column(c).compression for g in groups for c in range(3)})]))`
    expect(await runPython(read, await write('groups', giveRows()))).toEqual([[65_536, 65_536, 18_928], ['ZSTD']])
  })
  it('is read by DuckDB', async () => {
    const read = `import sys, json, duckdb
print(json.dumps(duckdb.sql("select count(*)::int, count(s)::int, max(i)::int from read_parquet('" + sys.argv[1] + "')").fetchall()))`
    expect(await runPython(read, await write('duck', giveRows()))).toEqual([[rowCount, rowCount - 1, rowCount - 1]])
  })
  it('may have no row', async () => {
    const path = await write('empty', giveNothing())
    expect(await inPandas(path, '[list(df.columns), [str(t) for t in df.dtypes], len(df), len(df.index)]')).toEqual([
      ['s', 'i', 'd'],
      ['str', 'int64', 'float64'],
      0,
      0
    ])
  })
})
