import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import type { Usage } from '@lautta/core/accounting/usage'
import type { LogStream } from '@lautta/core/object-names'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runPython } from '../../../test/support/python.ts'
import { columns } from '../src/column.ts'
import { writeLinesTable } from '../src/lines-table.ts'
import { streamLogTable } from '../src/log-table.ts'
import { readTable } from '../src/read-table.ts'
import { writeSacctTable } from '../src/sacct-table.ts'
import { writeTimesTable } from '../src/times-table.ts'
import { writeUsageTable } from '../src/usage-table.ts'
import { writeTable } from '../src/write-table.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-tables-'))
})
afterAll(() => rm(folder, { recursive: true }))

const describeFrame = `
import sys, json, pandas as pd
df = pd.read_parquet(sys.argv[1])
print(json.dumps({'columns': list(df.columns), 'types': [str(t) for t in df.dtypes], 'index': [str(i) for i in df.index],
  'rows': json.loads(df.to_json(orient='values'))}))`

interface Frame {
  columns: string[]
  types: string[]
  index: string[]
  rows: unknown[][]
}

async function gather(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const taken: Uint8Array[] = []
  for await (const piece of pieces) taken.push(piece)
  return Buffer.concat(taken)
}

let files = 0
async function save(content: Uint8Array): Promise<string> {
  const path = join(folder, `${++files}.parquet`)
  await writeFile(path, content)
  return path
}
const inPandas = async (content: Uint8Array): Promise<Frame> => (await runPython(describeFrame, await save(content))) as Frame
const inArrow = async (content: Uint8Array): Promise<unknown> =>
  runPython(
    `import sys, json, pyarrow.parquet as pq
f = pq.ParquetFile(sys.argv[1])
print(json.dumps({'schema': [[c.name, str(c.type)] for c in f.schema_arrow], 'compression': f.metadata.row_group(0).column(0).compression, 'rows': f.metadata.num_rows}))`,
    await save(content)
  )
const inDuckDb = async (content: Uint8Array, query: string): Promise<unknown> =>
  runPython(
    "import sys, json, duckdb\nprint(json.dumps(duckdb.sql(sys.argv[2].replace('TABLE', repr(sys.argv[1]))).fetchall()))",
    await save(content),
    query
  )

const run = { id: '01jd', platform: 'lumi', index: 0, attempt: 2 }
const record: AccountingRecord = {
  ...{
    jobId: '3470718',
    jobStep: null,
    arrayTask: null,
    restart: 0,
    jobName: 'ray-cluster.tok',
    partition: 'medium',
    account: 'project_1'
  },
  ...{
    cluster: 'mahti',
    user: 'csc',
    nodeList: 'c[1-2]',
    state: 'CANCELLED',
    exitCode: 0,
    exitSignal: 15,
    reqCpus: 2,
    allocCpus: 512
  },
  ...{
    reqNodes: 2,
    allocNodes: 2,
    reqMemBytes: 21_474_836_480,
    allocTres: 'cpu=512',
    aveCpuSeconds: null,
    aveCpuFreqKhz: 2_600_000
  },
  ...{
    aveDiskReadBytes: null,
    aveDiskWriteBytes: null,
    avePages: null,
    aveRssBytes: null,
    aveVmSizeBytes: null,
    maxRssBytes: 2 ** 40,
    taskCount: null,
    gpuUsePercent: null
  },
  ...{ consumedEnergyJoules: null, timeLimitSeconds: 1200, submittedAtEpoch: 1_716_736_668, startedAtEpoch: 1_716_736_669 },
  ...{
    endedAtEpoch: 1_716_736_769,
    elapsedSeconds: 100,
    plannedSeconds: 1,
    plannedCpuSeconds: 2,
    cpuTimeSeconds: 51_200,
    totalCpuSeconds: 18.362
  }
}
const seedColumns = [
  ...[
    'job-id',
    'job-name',
    'partition',
    'req-cpus',
    'alloc-cpus',
    'req-nodes',
    'alloc-nodes',
    'state',
    'ave-cpu-seconds',
    'ave-disk-read-bytes'
  ],
  ...[
    'ave-disk-write-bytes',
    'ave-pages',
    'ave-rss',
    'ave-vm-size',
    'consumed-energy-raw',
    'timelimit-seconds',
    'submit-time',
    'start-time'
  ],
  ...['elapsed-seconds', 'planned-seconds', 'end-time', 'planned-cpu-seconds', 'cpu-time-seconds', 'total-cpu-seconds']
]

describe('SACCT, read by pandas', () => {
  const content = writeSacctTable(
    [record, { ...record, jobStep: 'batch', jobName: 'batch', partition: null, state: null }],
    run,
    'tok'
  )
  it('begins with the 24 columns of seed 000, in its sequence and types', async () => {
    const { columns: names, types, index } = await inPandas(content)
    expect(names.slice(0, 24)).toEqual(seedColumns)
    const typeOf = (name: string) => types[names.indexOf(name)]
    for (const name of ['req-cpus', 'alloc-nodes', 'ave-disk-read-bytes', 'consumed-energy-raw', 'submit-time', 'end-time'])
      expect(typeOf(name)).toBe('int64')
    for (const name of ['ave-cpu-seconds', 'timelimit-seconds', 'elapsed-seconds', 'total-cpu-seconds'])
      expect(typeOf(name)).toBe('float64')
    expect(index).toEqual(['0', '1'])
  })
  it("has 'null' and 0 for what is absent there, and nothing for what is absent of ours", async () => {
    const { columns: names, rows } = await inPandas(content)
    const cell = (row: number, name: string) => rows[row]?.[names.indexOf(name)]
    expect(
      [
        'job-id',
        'job-name',
        'partition',
        'alloc-cpus',
        'state',
        'ave-cpu-seconds',
        'ave-pages',
        'submit-time',
        'total-cpu-seconds'
      ].map((name) => cell(0, name))
    ).toEqual([...['3470718', 'ray-cluster', 'medium', 512, 'CANCELLED', 0, 0, 1_716_736_668, 18.362]])
    expect([cell(1, 'job-name'), cell(1, 'partition'), cell(1, 'state')]).toEqual(['batch', 'null', 'null'])
    expect([cell(0, 'job-step'), cell(1, 'job-step'), cell(0, 'array-task'), cell(0, 'max-rss-bytes')]).toEqual([
      null,
      'batch',
      null,
      2 ** 40
    ])
  })
  it('ends with the run to which the rows belong', async () => {
    const { columns: names, rows } = await inPandas(content)
    expect(names.slice(-4)).toEqual(['orchestration', 'platform', 'job-index', 'attempt'])
    expect(rows[0]?.slice(-4)).toEqual(['01jd', 'lumi', 0, 2])
  })
  it('is compressed with zstd, and readable by pyarrow and DuckDB', async () => {
    expect(await inArrow(content)).toMatchObject({ compression: 'ZSTD', rows: 2 })
    expect(await inDuckDb(content, 'select "job-id", sum("alloc-cpus")::int from TABLE group by 1')).toEqual([['3470718', 1024]])
  })
})

describe('TIMES, read by pandas', () => {
  it('has the stages of seed 000 as its index', async () => {
    const stage = { begin: 10, end: 12, total: 2 }
    const none = { begin: 0, end: 0, total: 0 }
    expect(await inPandas(writeTimesTable({ start: stage, config: stage, run: stage, cancel: none, store: stage }))).toEqual({
      columns: ['begin', 'end', 'total'],
      types: ['int64', 'int64', 'int64'],
      index: ['start', 'config', 'run', 'cancel', 'store'],
      rows: [
        [10, 12, 2],
        [10, 12, 2],
        [10, 12, 2],
        [0, 0, 0],
        [10, 12, 2]
      ]
    })
  })
})

describe('LOGS, read by pandas', () => {
  async function* give(...logs: [LogStream, Buffer][]) {
    for (const [source, bytes] of logs) yield { source, bytes }
  }
  it('has the lines as seed 000 cleans them, with their numbers and sources', async () => {
    const out = Buffer.concat([Buffer.from('a\tb\u001b[1m\n\n  \nprogress 1\rprogress 2\r\nlast'), Buffer.from([0xff])])
    const table = streamLogTable(give(['out', out.subarray(0, 30)], ['out', out.subarray(30)], ['err', Buffer.from('oops\n')]))
    expect(await inPandas(await gather(table))).toMatchObject({
      columns: ['rows', 'line', 'source'],
      types: ['str', 'int64', 'str'],
      index: ['0', '1', '2', '3', '4'],
      rows: [
        ['a b [1m', 1, 'out'],
        ['progress 1', 4, 'out'],
        ['progress 2', 5, 'out'],
        ['last\ufffd', 6, 'out'],
        ['oops', 1, 'err']
      ]
    })
  })
  it('may be empty', async () => {
    const empty = { columns: ['rows', 'line', 'source'], rows: [] }
    expect(await inPandas(await gather(streamLogTable(give())))).toMatchObject(empty)
    expect(await inPandas(await gather(streamLogTable(give(['out', Buffer.from('\n\n')]))))).toMatchObject(empty)
  })
  it('has the one column of the seed for a text that an order brings as a table', async () => {
    expect(await inPandas(writeLinesTable(Buffer.from('x\n\ny\n')))).toMatchObject({
      columns: ['rows'],
      index: ['0', '1'],
      rows: [['x'], ['y']]
    })
  })
})

describe('USAGE', () => {
  const usage: Usage = {
    ...{ jobId: '7', state: 'COMPLETED', nodes: 1, coresPerNode: 2, wallClockSeconds: 3.5 },
    ...{ cpuUtilizedSeconds: 3.5, coreWalltimeSeconds: 7, cpuEfficiencyPercent: 50 },
    ...{ memoryUtilizedBytes: 100, memoryAllocatedBytes: null, memoryEfficiencyPercent: null },
    ...{ gpuHours: 0.5, energyJoules: null, cpuBu: 0, gpuBu: 22.72, storageBu: null },
    ...{ billedProject: 'project_1', source: 'seff', gpuEfficiencyPercent: 81.5 }
  }
  const names = [
    ...['orchestration', 'platform', 'job-index', 'attempt', 'job-id', 'state', 'nodes', 'cores-per-node'],
    ...['cpu-utilized-seconds', 'core-walltime-seconds', 'cpu-efficiency-percent', 'wall-clock-seconds'],
    ...['memory-utilized-bytes', 'memory-allocated-bytes', 'memory-efficiency-percent', 'gpu-hours', 'energy-joules'],
    ...['cpu-bu', 'gpu-bu', 'storage-bu', 'billed-project', 'source', 'gpu-efficiency-percent']
  ]
  const [cells, accounts] = [
    ['01jd', 'lumi', 0, 2, '7', 'COMPLETED', 1, 2, 3.5, 7, 50, 3.5, 100, null, null, 0.5, null, 0, 22.72, null],
    ['project_1', 'seff', 81.5]
  ]
  it('has a row for a run, with nothing where nothing is known', async () => {
    const { columns: found, rows } = await inPandas(writeUsageTable(usage, run))
    expect(found).toEqual(names)
    expect(rows).toEqual([[...cells, ...accounts]])
  })
  it('has a type for each column, whether or not there is a value, for pyarrow', async () => {
    const whole = ['job-index', 'attempt', 'nodes', 'memory-utilized-bytes', 'memory-allocated-bytes']
    const texts = ['orchestration', 'platform', 'job-id', 'state', 'billed-project', 'source']
    const typeOf = (name: string) => (whole.includes(name) ? 'int64' : texts.includes(name) ? 'string' : 'double')
    expect(await inArrow(writeUsageTable(usage, run))).toMatchObject({ schema: names.map((name) => [name, typeOf(name)]) })
  })
  it('is summed by DuckDB over the runs of a project', async () => {
    const one = readTable(writeUsageTable(usage, run))
    const other = readTable(writeUsageTable({ ...usage, gpuBu: null, cpuBu: 12 }, run))
    const joined = { ...one, rows: [...one.rows, ...other.rows] }
    const query = `select "billed-project", sum("cpu-bu"), sum("gpu-bu"), count("storage-bu"), sum("gpu-hours") from TABLE group by 1`
    expect(await inDuckDb(writeTable(joined), query)).toEqual([['project_1', 12, 22.72, 0, 1]])
  })
})

describe('tables read by us', () => {
  it('are as they were written, whole numbers beyond 32 bits too', () => {
    const table = {
      columns: [...columns('string', 's'), ...columns('int64', 'i'), ...columns('double', 'd')],
      rows: [
        { s: 'ä', i: 2 ** 53 - 1, d: 0.5 },
        { s: null, i: null, d: null }
      ]
    }
    expect(readTable(writeTable(table))).toEqual(table)
  })
  it('are those that pandas writes, with its index', async () => {
    const path = join(folder, 'of-pandas.parquet')
    await runPython(
      "import sys, pandas as pd\npd.DataFrame({'begin': [1, 2], 'word': ['a', 'b']}, index=['start', 'run']).to_parquet(sys.argv[1])\nprint('0')",
      path
    )
    const { readFile } = await import('node:fs/promises')
    expect(readTable(await readFile(path))).toEqual({
      columns: [
        { name: 'begin', type: 'int64' },
        { name: 'word', type: 'string' }
      ],
      rows: [
        { begin: 1, word: 'a' },
        { begin: 2, word: 'b' }
      ],
      index: ['start', 'run']
    })
  })
})
