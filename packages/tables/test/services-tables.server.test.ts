import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditRow } from '@lautta/core/audit/audit-row'
import type { EndedTask } from '@lautta/core/ended-task'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runPython } from '../../../test/support/python.ts'
import { readAuditTable, writeAuditTable } from '../src/audit-table.ts'
import { writeTasksTable } from '../src/tasks-table.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-tables-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A table as pandas has it, and what DuckDB answers about it. */
async function readBack(content: Uint8Array, query: string): Promise<unknown> {
  const path = join(folder, 'table.parquet')
  await writeFile(path, content)
  const script = `
import sys, json, duckdb, pandas as pd
df = pd.read_parquet(sys.argv[1])
asked = duckdb.sql(sys.argv[2].replace('TABLE', repr(sys.argv[1]))).fetchall()
print(json.dumps({'types': {name: str(df[name].dtype) for name in df.columns if str(df[name].dtype) in ('int64', 'float64')},
  'columns': list(df.columns), 'rows': json.loads(df.to_json(orient='values')), 'asked': asked}))`
  return runPython(script, path, query)
}

const task: EndedTask = {
  ...{
    name: 'collect',
    state: 'completed',
    receivedMs: 1_795_178_123_456,
    startedMs: 1_795_178_123_556,
    endedMs: 1_795_178_125_000
  },
  ...{ user: 'u', platform: 'lumi', orchestration: '01jd', index: 0, attempt: 2, reason: null }
}

describe('TASKS, read by pandas and DuckDB', () => {
  it('has the columns of the contract first, times as seconds, and nothing where nothing is known', async () => {
    const pass = { ...task, name: 'reconcile' as const, state: 'failed' as const, reason: 'lumi is away', platform: null }
    const content = writeTasksTable([task, { ...pass, orchestration: null, index: null, attempt: null }])
    expect(await readBack(content, 'select name, round(ended - received, 3), runtime from TABLE order by name')).toEqual({
      columns: [
        ...['name', 'state', 'received', 'started', 'ended', 'runtime'],
        ...['platform', 'orchestration', 'job-index', 'attempt', 'reason']
      ],
      types: {
        ...{ received: 'float64', started: 'float64', ended: 'float64', runtime: 'float64' },
        // pandas has no whole numbers beside nothing.
        ...{ 'job-index': 'float64', attempt: 'float64' }
      },
      rows: [
        ['collect', 'completed', 1_795_178_123.456, 1_795_178_123.556, 1_795_178_125, 1.444, 'lumi', '01jd', 0, 2, null],
        [
          'reconcile',
          'failed',
          1_795_178_123.456,
          1_795_178_123.556,
          1_795_178_125,
          1.444,
          null,
          null,
          null,
          null,
          'lumi is away'
        ]
      ],
      asked: [
        ['collect', 1.544, 1.444],
        ['reconcile', 1.544, 1.444]
      ]
    })
  })
})

describe('AUDIT, read by pandas and DuckDB', () => {
  const submitted: AuditRow = {
    ...{ atSeconds: 1_795_178_123, user: 'u@example.com', keyId: '0a1b', order: '01jd', platform: 'lumi', index: 0 },
    ...{ commandClass: 'submit', slurmJobId: '3470718', outcome: null, attempt: 1, task: null }
  }
  const posted = { ...submitted, keyId: null, platform: null, index: null, commandClass: 'post', slurmJobId: null, attempt: null }

  it('has the columns of the contract first', async () => {
    const query = `select "key-id", "slurm-job-id" from TABLE where "command-class" = 'submit'`
    expect(await readBack(writeAuditTable([posted, submitted]), query)).toEqual({
      columns: [
        ...['at', 'user', 'key-id', 'order', 'platform', 'index', 'command-class', 'slurm-job-id', 'outcome'],
        ...['attempt', 'task']
      ],
      types: expect.objectContaining({ at: 'int64' }),
      rows: [
        [1_795_178_123, 'u@example.com', null, '01jd', null, null, 'post', null, null, null, null],
        [1_795_178_123, 'u@example.com', '0a1b', '01jd', 'lumi', 0, 'submit', '3470718', null, 1, null]
      ],
      asked: [['0a1b', '3470718']]
    })
  })
  it('is read by us as it was written, byte for byte the same when it is written again', () => {
    const content = writeAuditTable([posted, { ...submitted, outcome: 'failed', task: 7 }])
    expect(readAuditTable(content)).toEqual([posted, { ...submitted, outcome: 'failed', task: 7 }])
    expect(Buffer.from(writeAuditTable(readAuditTable(content))).equals(content)).toBe(true)
  })
})
