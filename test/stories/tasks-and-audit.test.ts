import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runPython } from '../support/python.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'
import { until } from '../support/until.ts'

let lautta: Standalone
beforeAll(async () => {
  lautta = await startStandalone({ 'tables-seconds': 2 })
})
afterAll(() => lautta?.stop())

type Row = Record<string, string | number | null>

/** Rows of all parts below a folder of the store, as pandas reads them. */
async function rowsIn(folder: string): Promise<Row[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const parts = names.filter((name) => name.endsWith('.parquet')).map((name) => join(folder, name))
  if (parts.length === 0) return []
  const script = `import sys, json, pandas as pd
print(json.dumps([row for part in sys.argv[1:] for row in json.loads(pd.read_parquet(part).to_json(orient='records'))]))`
  return (await runPython(script, ...parts)) as Row[]
}

it('a job on platform local leaves its tasks in TASKS, and who ordered it and what was done in AUDIT', async () => {
  const { orders, folder } = lautta
  const id = await orders.start('local', [{ script: '#!/bin/sh\nsleep 60\n' }])
  await orders.untilJob(id, 'local', (job) => job.state === 'running')
  await orders.give(id, 'stop')
  await orders.untilStored(id)
  const store = join(folder, 'data/store')

  const tasks = await until(async () => {
    const rows = await rowsIn(join(store, 'mlch-sub-air-local/ARTIFACTS/TASKS'))
    return rows.some(({ name, orchestration }) => name === 'collect' && orchestration === id) ? rows : null
  }, 500)
  expect(tasks.filter(({ name, platform }) => name === 'reconcile' && platform === 'local')).not.toEqual([])
  for (const { received, started, ended, runtime } of tasks) {
    expect([received, started, ended]).toEqual([received, started, ended].sort((a, b) => Number(a) - Number(b)))
    expect(runtime).toBeCloseTo(Number(ended) - Number(started), 3)
  }

  const { json: me } = await orders.ask('/v1/me')
  const { id: slurm } = await orders.job(id, 'local')
  const about = { user: 'local', 'key-id': me['key-id'], order: id }
  const audit = await until(async () => {
    const rows = await rowsIn(join(store, 'mlch-for-air/AUDIT'))
    return rows.some((row) => row['command-class'] === 'end') ? rows : null
  }, 500)
  expect(audit.map(({ at: _at, task: _task, ...row }) => row)).toEqual([
    { ...about, ...nowhere, 'command-class': 'post', attempt: null },
    { ...about, ...nowhere, 'command-class': 'start', attempt: 1 },
    { ...about, ...onLocal, 'command-class': 'prepare', 'slurm-job-id': null, outcome: null },
    { ...about, ...onLocal, 'command-class': 'submit', 'slurm-job-id': slurm, outcome: null },
    { ...about, ...nowhere, 'command-class': 'stop', attempt: 1 },
    { ...about, ...onLocal, 'command-class': 'end', 'slurm-job-id': slurm, outcome: 'cancelled' }
  ])
  const everything = JSON.stringify([tasks, audit])
  expect(everything).not.toContain((await readFile(join(folder, 'data/api-key'), 'utf8')).trim())
})

const nowhere = { platform: null, index: null, 'slurm-job-id': null, outcome: null }
const onLocal = { platform: 'local', index: 0, attempt: 1 }
