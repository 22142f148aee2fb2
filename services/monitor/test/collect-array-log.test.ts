import { appendFile, chmod, link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import { declareJob, type Job, type TaskGroup } from '@lautta/core/job/job'
import { formatTasks } from '@lautta/core/job/task-set'
import { logPath, logTablePath, timesPath } from '@lautta/core/object-names'
import { readLogIndex } from '@lautta/object-store/log-index'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { listAll, readObject } from '@lautta/object-store/read-object'
import { platformOverShell } from '@lautta/platforms/platform'
import { readTable } from '@lautta/tables/read-table'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withoutRights } from '../../../packages/platforms/test/without-rights.ts'
import { until } from '../../../test/support/until.ts'
import { type CollectPorts, collectRun } from '../src/collect-run.ts'
import { openPorts } from './open-ports.ts'

const run = { id: '1', platform: 'local', index: 0, attempt: 1 }
const message = { user: 'u', ...run }
const bucket = 'mlch-pipe-u'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-array-'))
})
afterEach(() => rm(root, { recursive: true }))

const file = (source: string, task: number) => join(root, `${source}-${String(task).padStart(3, '0')}`)

/** Ended long ago, so that accounting counts as complete. */
const record = {
  jobId: '20',
  jobStep: null,
  arrayTask: 0,
  restart: 0,
  jobName: null,
  state: 'COMPLETED',
  endedAtEpoch: 1,
  ...{ allocCpus: 1, elapsedSeconds: 1, totalCpuSeconds: 1, maxRssBytes: 1, reqMemBytes: 1, consumedEnergyJoules: null }
} as AccountingRecord

interface Opening {
  /** Has the store. */
  home?: string
  /** Has the job's files. */
  folder?: string
  groups?: TaskGroup[]
  records?: AccountingRecord[]
}

async function openArray(tasks: readonly number[], hasEnded: boolean, opening: Opening = {}): Promise<CollectPorts> {
  const { home = root, folder = root, groups = [], records = [record] } = opening
  const ended = { outcome: 'completed', exitCode: 0, reason: null, collecting: 'owed' } as const
  const job: Job = {
    ...declareJob(0),
    ...{ array: formatTasks(tasks), tasks: groups, outPath: join(folder, 'out-%3a'), errPath: join(folder, 'err-%3a') },
    state: hasEnded ? { kind: 'finished', slurmJobId: '20', ...ended } : { kind: 'running', slurmJobId: '20' }
  }
  return openPorts(home, [job], async () => ({ records, unreadable: [] }))
}

/** Ten minutes after all that was brought until now. */
const later = (ports: CollectPorts): CollectPorts => ({ ...ports, now: () => new Date(Date.now() + 10 * 60 * 1000) })

const textOf = async (store: ObjectStore, path: string) => (await readObject(store, bucket, path))?.toString('latin1') ?? null
const pathsIn = async (store: ObjectStore) => (await listAll(store, bucket, '')).map(({ path }) => path)
const rowsOf = async (store: ObjectStore) =>
  readTable((await readObject(store, bucket, logTablePath(run)))!).rows.map(({ rows, source }) => [rows, source])

describe('the logs of a small array', () => {
  it('are brought task by task while it runs, and only what is new', async () => {
    const ports = await openArray([1, 5, 12], false)
    expect(await collectRun(ports, message)).toBe('nothing')
    await writeFile(file('out', 1), 'one')
    await writeFile(file('err', 12), Buffer.from([0, 255, 10]))
    expect(await collectRun(ports, message)).toBe('log')
    expect(await collectRun(ports, message)).toBe('nothing')
    await writeFile(file('out', 1), 'one, more')
    expect(await collectRun(later(ports), message)).toBe('log')
    expect(await pathsIn(ports.store)).toEqual([
      'LOGS/1-local-0-1/err.12/0-000000000000000',
      'LOGS/1-local-0-1/out.1/0-000000000000000',
      'LOGS/1-local-0-1/out.1/0-000000000000003'
    ])
    expect(await textOf(ports.store, 'LOGS/1-local-0-1/out.1/0-000000000000003')).toBe(', more')
  })

  it('grow by pieces that are worth an object: large ones, late ones, and the last', async () => {
    const tasks = [1, 2, 3, 4]
    const ended = { tasks: '3', state: 'finished', outcome: 'failed', exitCode: 1, reason: null } as const
    const ports = await openArray(tasks, false, { groups: [ended] })
    for (const task of tasks) await writeFile(file('out', task), 'first ')
    expect(await collectRun(ports, message)).toBe('log')
    await writeFile(file('out', 1), 'first and little more')
    await writeFile(file('out', 2), `first ${'x'.repeat(64 * 1024)}`)
    await writeFile(file('out', 3), 'first and its last words')
    expect(await collectRun(ports, message)).toBe('log')
    expect(await collectRun(ports, message)).toBe('nothing')
    const grown = async () => (await pathsIn(ports.store)).filter((path) => path.endsWith('/0-000000000000006'))
    expect(await grown()).toEqual(['LOGS/1-local-0-1/out.2/0-000000000000006', 'LOGS/1-local-0-1/out.3/0-000000000000006'])
    expect(await collectRun(later(ports), message)).toBe('log')
    expect(await grown()).toContain('LOGS/1-local-0-1/out.1/0-000000000000006')
    await writeFile(file('out', 4), 'first and last')
    expect(await collectRun(await openArray(tasks, true), message)).toBe('all')
    expect(await textOf(ports.store, logPath(run, 'out.4'))).toBe('first and last')
  })

  it('have the whole of a later run that only accounting tells, behind what was brought of the run before', async () => {
    const ports = await openArray([1, 2], false)
    const first = 'first run\n'
    for (const task of [1, 2]) await writeFile(file('out', task), first)
    await collectRun(ports, message)
    const startedAtEpoch = Math.ceil(Date.now() / 1000)
    await until(() => Date.now() >= startedAtEpoch * 1000)
    const second = `second run, which wrote more\n`
    await writeFile(file('out', 1), second)
    await collectRun(later(ports), message)
    const again = { ...record, arrayTask: 1, restart: 1, startedAtEpoch }
    const records = [{ ...again, restart: 0, startedAtEpoch: 1 }, again, { ...record, arrayTask: 2 }]
    expect(await collectRun(await openArray([1, 2], true, { records }), message)).toBe('all')
    expect(await textOf(ports.store, logPath(run, 'out.1'))).toBe(first + second)
    expect(await textOf(ports.store, logPath(run, 'out.2'))).toBe(first)
  })

  it('have nothing twice when a task whose later run only accounting tells appends', async () => {
    const ports = await openArray([1], false)
    const [first, second] = ['first run\n', 'second run\n'].map((words) => words.repeat(500))
    await writeFile(file('out', 1), first!)
    await collectRun(ports, message)
    const startedAtEpoch = Math.ceil(Date.now() / 1000)
    await until(() => Date.now() >= startedAtEpoch * 1000)
    await appendFile(file('out', 1), second!.slice(0, 700))
    await collectRun(later(ports), message)
    await appendFile(file('out', 1), second!.slice(700))
    const records = [
      { ...record, arrayTask: 1, startedAtEpoch: 1 },
      { ...record, arrayTask: 1, restart: 1, startedAtEpoch }
    ]
    expect(await collectRun(await openArray([1], true, { records }), message)).toBe('all')
    expect(await textOf(ports.store, logPath(run, 'out.1'))).toBe(`${first}${second}`)
  })

  it('go on behind what a task wrote before SLURM began it anew', async () => {
    const ports = await openArray([1, 2], false)
    await writeFile(file('out', 1), 'first run')
    await writeFile(file('out', 2), 'stays')
    await collectRun(ports, message)
    await writeFile(file('out', 1), '')
    expect(await collectRun(ports, message)).toBe('nothing')
    await writeFile(file('out', 1), 'second')
    expect(await collectRun(ports, message)).toBe('log')
    expect(await collectRun(await openArray([1, 2], true), message)).toBe('all')
    expect(await textOf(ports.store, logPath(run, 'out.1'))).toBe('first runsecond')
    expect(await textOf(ports.store, logPath(run, 'out.2'))).toBe('stays')
  })

  it('are raw objects of their own at the end, and one table; a task without a log has none', async () => {
    const ports = await openArray([0, 7, 9], true)
    const binary = Buffer.from([...Array(256).keys()])
    await writeFile(file('out', 0), 'a\nb\n')
    await writeFile(file('out', 9), binary)
    await writeFile(file('err', 0), 'oops\n')
    expect(await collectRun(ports, message)).toBe('all')
    expect(await pathsIn(ports.store)).toEqual([
      'LOGS/1-local-0-1.err.0.log',
      'LOGS/1-local-0-1.out.0.log',
      'LOGS/1-local-0-1.out.9.log',
      'LOGS/1-local-0-1.parquet',
      'TIMES/1-local-0-1.parquet'
    ])
    expect(await textOf(ports.store, logPath(run, 'out.9'))).toBe(binary.toString('latin1'))
    const rows = await rowsOf(ports.store)
    expect([rows.slice(0, 2), rows.at(-1)]).toEqual([
      [
        ['a', 'out.0'],
        ['b', 'out.0']
      ],
      ['oops', 'err.0']
    ])
  })
})

describe('the logs of a large array', () => {
  const tasks = Array.from({ length: 1000 }, (_none, index) => index)

  it('are not looked at while it runs', async () => {
    const ports = await openArray(tasks, false)
    await writeFile(file('out', 0), 'one')
    expect(await collectRun(ports, message)).toBe('nothing')
    expect(await pathsIn(ports.store)).toEqual([])
  })

  it('are one object for each stream, in which an index finds each task', async () => {
    const ports = await openArray(tasks, true)
    const text = (task: number) => `${'x'.repeat(task % 13)}\0 of ${task}\n`
    const written = tasks.filter((task) => task % 10 !== 3)
    await Promise.all(written.map((task) => writeFile(file('out', task), text(task), 'latin1')))
    await writeFile(file('out', 3), '')
    expect(await collectRun(ports, message)).toBe('all')
    expect(await pathsIn(ports.store)).toEqual([
      'LOGS/1-local-0-1.out.log',
      'LOGS/1-local-0-1.out.tasks.json',
      'LOGS/1-local-0-1.parquet',
      'TIMES/1-local-0-1.parquet'
    ])
    const log = (await textOf(ports.store, logPath(run, 'out'))) ?? ''
    expect(log).toBe(written.map(text).join(''))
    const index = (await readLogIndex(ports.store, bucket, run, 'out')) ?? []
    expect(index.map(({ task, offset, usedBytes }) => [task, log.slice(offset, offset + usedBytes)])).toEqual(
      written.map((task) => [task, text(task)])
    )
    expect(await rowsOf(ports.store)).toEqual(written.map((task) => [text(task).trimEnd(), `out.${task}`]))
  })

  it('are in the table with all of their lines', async () => {
    const ports = await openArray(tasks, true)
    const mebibytes = 10
    for (const task of [0, 1, 2]) await writeFile(file('out', task), `${'y'.repeat(1024 * 1024 - 1)}\n`.repeat(mebibytes))
    await writeFile(file('out', 3), 'z'.repeat(2 * 1024 * 1024 + 5))
    expect(await collectRun(ports, message)).toBe('all')
    const rows = await rowsOf(ports.store)
    const sources = [0, 1, 2].flatMap((task) => Array(mebibytes).fill(`out.${task}`))
    expect(rows.map(([, source]) => source)).toEqual([...sources, 'out.3', 'out.3', 'out.3'])
    expect(rows.map(([text]) => String(text).length)).toEqual([...Array(30).fill(1024 * 1024 - 1), 1024 * 1024, 1024 * 1024, 5])
    expect((await ports.store.head(bucket, logPath(run, 'out')))?.usedBytes).toBe(32 * 1024 * 1024 + 5)
  })
})

describe('a log that can not be read', () => {
  it.each([3, 101])('keeps nobody waiting for the others, and the table tells of it, for %i tasks', async (count) => {
    const tasks = Array.from({ length: count }, (_none, index) => index)
    for (const task of tasks) await writeFile(file('out', task), `task ${task}\n`)
    await chmod(root, 0o755)
    await chmod(file('out', 1), 0)
    const ports = await openArray(tasks, true)
    const connect: CollectPorts['connect'] = async (...who) => {
      const platform = await ports.connect(...who)
      return platformOverShell(withoutRights(platform.shell), platform.scheduler)
    }
    expect(await collectRun({ ...ports, connect }, message)).toBe('all')
    const rows = await rowsOf(ports.store)
    expect(rows).toHaveLength(count)
    expect(rows).toContainEqual(['task 2', 'out.2'])
    expect(rows.filter(([, source]) => source === 'out.1')).toEqual([[`[Lautta: ${file('out', 1)} can not be read]`, 'out.1']])
  })
})

describe('collecting that is killed before any of its writes', () => {
  const dying = (store: ObjectStore, writes: number): ObjectStore => {
    let left = writes
    const write = <Result>(perform: () => Promise<Result>) => (left-- > 0 ? perform() : Promise.reject(new Error('killed')))
    return {
      ...store,
      put: (...args) => write(() => store.put(...args)),
      delete: (...args) => write(() => store.delete(...args))
    }
  }

  it.each([3, 101])('comes to the same when it is done again, for %i tasks', async (count) => {
    const tasks = Array.from({ length: count }, (_none, index) => index)
    for (const task of tasks) await writeFile(file('out', task), `task ${task}\n`)
    const tidied = join(root, 'tidied')
    await mkdir(tidied)
    await link(file('out', 0), join(tidied, 'out-000'))
    const kept = async ({ store }: CollectPorts) => {
      const paths = (await pathsIn(store)).filter((path) => path.endsWith('.log') || path.endsWith('.json'))
      return [await rowsOf(store), ...(await Promise.all(paths.map(async (path) => [path, await textOf(store, path)])))]
    }
    const whole = await openArray(tasks, true, { home: join(root, 'whole') })
    expect(await collectRun(whole, message)).toBe('all')
    for (let writes = 0; ; writes++) {
      const home = join(root, String(writes))
      const { store, ...ports } = await openArray(tasks, true, { home })
      const first = await collectRun({ ...ports, store: dying(store, writes) }, message).catch((error: Error) => error.message)
      const paths = await pathsIn(store)
      // What was brought is safe, also from the user, who may remove most of it on the platform.
      const isBrought = paths.some((path) => /\.out\.(?:\d+\.log|tasks\.json)$/.test(path))
      const again = await openArray(tasks, true, { home, folder: isBrought ? tidied : root })
      expect(await collectRun(again, message)).toBe(paths.includes(timesPath(run)) ? 'nothing' : 'all')
      expect(await kept(again)).toEqual(await kept(whole))
      expect((await pathsIn(store)).filter((path) => path.includes('/1-local-0-1/'))).toEqual([])
      if (first === 'all') return
      expect(first).toBe('killed')
    }
  })
})
