import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseSlurmDuration } from '../../packages/core/src/accounting/slurm-time.ts'
import { sacctRecords } from '../../packages/platforms/src/slurm/sacct.ts'
import { printRows } from '../../packages/platforms/test/print-sacct.ts'
import { writeSacctTable } from '../../packages/tables/src/sacct-table.ts'
import { type KeystoneServer, startKeystone } from '../servers/keystone.ts'
import { requireCommands } from '../servers/require-server.ts'
import { type SwiftServer, startSwift, swiftCommands } from '../servers/swift.ts'
import { runPython } from '../support/python.ts'
import { printedInSeed, seedColumns, seedRows } from '../support/seed-accounting.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'

/*
 * What seed 000 shows of accounting: the six lines that it prints, and the cells in which it reads tables from its object
 * storage. Its own functions run here, in real Python, over what Lautta makes.
 */
const support = fileURLToPath(new URL('../support', import.meta.url))
const beginning = `
import json, os, sys, time
sys.path.insert(0, sys.argv[1])
from notebook_sacct import *
given = json.loads(sys.argv[2])
`
const inNotebook = (script: string, given: unknown = null) => runPython(beginning + script, support, JSON.stringify(given))

const columnTypes: [name: string, type: 'string' | 'int64' | 'double'][] = [
  ...[
    ['job-id', 'string'],
    ['job-name', 'string'],
    ['partition', 'string'],
    ['req-cpus', 'int64']
  ],
  ...[
    ['alloc-cpus', 'int64'],
    ['req-nodes', 'int64'],
    ['alloc-nodes', 'int64'],
    ['state', 'string']
  ],
  ...[
    ['ave-cpu-seconds', 'double'],
    ['ave-disk-read-bytes', 'int64'],
    ['ave-disk-write-bytes', 'int64']
  ],
  ...[
    ['ave-pages', 'int64'],
    ['ave-rss', 'int64'],
    ['ave-vm-size', 'int64'],
    ['consumed-energy-raw', 'int64']
  ],
  ...[
    ['timelimit-seconds', 'double'],
    ['submit-time', 'int64'],
    ['start-time', 'int64'],
    ['elapsed-seconds', 'double']
  ],
  ...[
    ['planned-seconds', 'double'],
    ['end-time', 'int64'],
    ['planned-cpu-seconds', 'double']
  ],
  ...[
    ['cpu-time-seconds', 'double'],
    ['total-cpu-seconds', 'double']
  ]
] as [string, 'string' | 'int64' | 'double'][]
const names = columnTypes.map(([name]) => name)

const run = { id: 'run-1', platform: 'mahti', index: 0, attempt: 1 }
const job = { slurmJobId: '3470718', token: 'tok', orderedAt: new Date(0), acceptedAt: null }

/** The table that Lautta makes of the seed's accounting, and what of it could not be read. */
function makeTable() {
  const command = sacctRecords([job], 24.11)
  const { records = [], unreadable } = command.parse(printRows(command, seedRows()))[0] ?? {}
  return { records, unreadable, content: writeSacctTable(records, run, job.token) }
}

/** A row that the seed prints, by our columns, as it would be if nothing were wrong there. */
function rightRow(printed: readonly (string | number)[]): (string | number)[] {
  const of = new Map(printedInSeed.keys.map((key, at) => [key, printed[at] ?? 0]))
  const whole: Record<string, string> = { 'ray-clust+': 'ray-cluster', 'singulari+': 'singularity_wrapper' }
  const name = String(of.get('job_name'))
  // Sizes are powers of 1024 in SLURM; the seed multiplied by a thousand.
  const bytes = (key: string) => Math.round((Number(of.get(key)) / 1000 ** 2) * 1024 ** 2)
  return [
    // Its columns cut names and states, ours don't. A step has no partition: 'null' there, once it is in a table.
    ...[of.get('job_id') ?? '', whole[name] ?? name, String(of.get('parition')).replace('empty', 'null')],
    ...['req_cpus', 'alloc_cpus', 'req_nodes', 'alloc_nodes'].map((key) => of.get(key) ?? 0),
    ...[String(of.get('state')).replace('+', ''), of.get('ave_cpu') ?? 0, bytes('ave_disk_read'), bytes('ave_disk_write')],
    // Not asked for in the seed.
    ...[0, 0, 0, 0],
    ...['timelimit', 'submit', 'start', 'elapsed', 'planned', 'end', 'planned_cpu', 'cpu_time', 'total_cpu'].map(
      (key) => of.get(key) ?? 0
    )
  ]
}
const rightRows = printedInSeed.rows.map(rightRow)

describe('the accounting that seed 000 prints', () => {
  let folder: string
  let path: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lautta-seed-'))
    path = join(folder, 'sacct.parquet')
    await writeFile(path, makeTable().content)
  })
  afterAll(() => rm(folder, { recursive: true }))

  const readAsSeed = (zone: string) =>
    inNotebook(
      `os.environ['TZ'] = given['zone']; time.tzset()
rows = [parse_sacct_dict(sacct_data=sample) for sample in format_slurm_sacct(given['text']).values()]
print(json.dumps([list(Row(**row).model_dump().values()) for row in rows]))`,
      { zone, text: seedColumns() }
    ) as Promise<(string | number)[][]>

  it('is what its own functions make of the fields from which we make our table', async () => {
    expect(await readAsSeed('Europe/Helsinki')).toEqual(printedInSeed.rows)
  })

  it('comes out of our parser and table as printed, where that is right: for pandas, pyarrow and DuckDB', async () => {
    expect(makeTable().unreadable).toEqual([])
    const read = (await inNotebook(
      `import duckdb, pyarrow.parquet as pq
frame, table = pd.read_parquet(given['path']), pq.read_table(given['path'])
wanted = ', '.join('"' + name + '"' for name in given['names'])
print(json.dumps({
  'pandas': json.loads(frame[given['names']].to_json(orient='values', double_precision=15)),
  'columns': list(frame.columns)[:24], 'index': list(frame.index),
  'modified': pandas_modify_dataframe(column_types, frame[given['names']].copy()).equals(frame[given['names']].astype(column_types)),
  'pyarrow': [list(row.values()) for row in table.select(given['names']).to_pylist()],
  'types': [[field.name, str(field.type)] for field in table.schema][:24],
  'duckdb': [list(row) for row in duckdb.sql('select ' + wanted + " from '" + given['path'] + "'").fetchall()]}))`,
      { path, names }
    )) as Record<string, unknown>
    expect(read.pandas).toEqual(rightRows)
    expect(read.pyarrow).toEqual(rightRows)
    expect(read.duckdb).toEqual(rightRows)
    expect(read).toMatchObject({ types: columnTypes, columns: names, index: [0, 1, 2, 3, 4, 5], modified: true })
  })

  it('tells its steps apart, which the seed takes for the job', () => {
    expect(makeTable().records.map(({ jobStep }) => jobStep)).toEqual([null, 'batch', 'extern', '0', '1', '2'])
  })

  it('has frequencies in the kHz of their column: the seed has them in Hz, for sacct shortens a number of kHz', () => {
    const at = printedInSeed.keys.indexOf('ave_cpu_freq')
    const printed = printedInSeed.rows.map((row) => Number(row[at]))
    expect(makeTable().records.map(({ aveCpuFreqKhz }) => aveCpuFreqKhz ?? 0)).toEqual(printed.map((hertz) => hertz / 1000))
    expect(printed).toContain(2_600_000_000)
  })

  it('has the same times wherever Lautta runs: the seed’s move with the zone of who reads', async () => {
    const at = printedInSeed.keys.indexOf('submit')
    const moved = (await readAsSeed('UTC')).map((row, line) => Number(row[at]) - Number(printedInSeed.rows[line]?.[at]))
    expect(moved).toEqual(Array(6).fill(3 * 3600))
    const submitted = makeTable().records.map(({ submittedAtEpoch }) => submittedAtEpoch)
    expect(submitted).toEqual(printedInSeed.rows.map((row) => row[at]))
    expect(new Date(Number(submitted[0]) * 1000).toISOString()).toBe('2024-05-26T15:17:48.000Z')
  })

  it('would have right fractions, days, and nothing where SLURM says nothing, where the seed goes wrong or fails', async () => {
    const texts = ['00:18.36', '00:18.362', '1-02:03:04', 'INVALID', 'Partition_Limit', 'UNLIMITED', 'Unknown']
    const ofSeed = await inNotebook(
      `def attempt(text):
    try:
        return list(parse_sacct_dict({'Timelimit': text}).values())[0]
    except Exception as error:
        return type(error).__name__
print(json.dumps([attempt(text) for text in given]))`,
      texts
    )
    expect(ofSeed).toEqual([18.036, 18.362, 93_784, ...Array(4).fill('ValueError')])
    expect(texts.map(parseSlurmDuration)).toEqual([18.36, 18.362, 93_784, null, null, null, null])
  })
})

describe.skipIf(!requireCommands(swiftCommands))('the cells in which seed 000 reads its tables', () => {
  const user = 'user@example.com'
  let keystone: KeystoneServer
  let swift: SwiftServer
  let lautta: Standalone
  let id: string
  let token: string
  beforeAll(async () => {
    keystone = await startKeystone()
    swift = await startSwift(keystone)
    ;({ token } = await keystone.logIn())
    const { id: credential, secret } = keystone.applicationCredential
    const owner = { name: user, admin: true, 'api-key': 'the-key-of-a-notebook' }
    lautta = await startStandalone({
      users: [owner],
      store: {
        ...{ kind: 'swift', 'auth-url': keystone.authUrl, endpoint: swift.storageUrl },
        ...{ 'application-credential-id': credential, 'application-credential-secret': secret }
      }
    })
    id = await lautta.orders.start('local', [{ script: "#!/bin/sh\nprintf 'a\\tb\\n\\n \\nlast\\n'\necho oops >&2\n" }])
    await lautta.orders.untilStored(id)
  })
  afterAll(async () => {
    await lautta?.stop()
    await swift?.stop()
    await keystone?.stop()
  })

  /** One cell: what it gets, and what it shows of it. */
  const cell = async (parameters: object, shown: string) =>
    (await inNotebook(
      `import swiftclient as sc
client = sc.Connection(preauthurl=given['url'], preauthtoken=given['token'], auth_version='3')
bucket, path, content, metadata = object_storage_interaction(client, given['parameters'])
frame = pyarrow_deserialize_dataframe(serialized_dataframe=content)
print(json.dumps({'bucket': bucket, 'path': path, 'metadata': metadata, 'shown': ${shown}}))`,
      {
        ...{ url: swift.storageUrl, token },
        parameters: { 'bucket-prefix': 'mlch', 'bucket-user': user, 'path-names': [], 'path-replacers': {}, ...parameters }
      }
    )) as { bucket: string; path: string; metadata: object; shown: unknown }
  const file = () => `${id}-local-0-1.parquet`

  it('have SACCT, in the user’s own bucket and with a run’s name: the columns and types of the seed, and no gaps', async () => {
    const found = await cell(
      { 'bucket-target': 'submitter', 'object-name': 'arti', 'path-replacers': { name: 'SACCT' }, 'path-names': [file()] },
      `[pandas_modify_dataframe(column_types, frame[list(column_types)].copy()).equals(frame[list(column_types)].astype(column_types)),
        list(frame.columns)[:24] == list(column_types), int(frame[list(column_types)].isna().sum().sum()),
        [str(kind) for kind in frame.dtypes[:24]], frame[['state', 'partition', 'orchestration']].values.tolist()]`
    )
    const types = columnTypes.map(([, type]) => ({ string: 'str', int64: 'int64', double: 'float64' })[type])
    expect(found).toEqual({
      ...{ bucket: 'mlch-sub-air-user-example-com', path: `ARTIFACTS/SACCT/${file()}`, metadata: { version: 1 } },
      shown: [true, true, 0, types, [['COMPLETED', 'null', id]]]
    })
  })

  it('have TIMES, by the stages of the seed', async () => {
    const found = await cell(
      { 'bucket-target': 'pipeline', 'object-name': 'time', 'path-replacers': { name: file() } },
      "[list(frame.index), list(frame.columns), bool((frame['end'] - frame['begin'] == frame['total']).all())]"
    )
    expect(found).toMatchObject({
      ...{ bucket: 'mlch-pipe-user-example-com', path: `TIMES/${file()}`, metadata: { version: 1 } },
      shown: [['start', 'config', 'run', 'cancel', 'store'], ['begin', 'end', 'total'], true]
    })
  })

  it('have LOGS, with the lines as the seed cleans them', async () => {
    const found = await cell(
      { 'bucket-target': 'pipeline', 'object-name': 'logs', 'path-replacers': { name: file() } },
      "[list(frame.columns), frame['rows'].tolist()]"
    )
    expect(found).toMatchObject({
      ...{ bucket: 'mlch-pipe-user-example-com', path: `LOGS/${file()}` },
      shown: [expect.arrayContaining(['rows']), ['a b', 'last', 'oops']]
    })
  })
})
