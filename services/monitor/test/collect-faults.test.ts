import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Accounting } from '@lautta/core/accounting/accounting'
import { type AccountingRecord, nothingRecorded } from '@lautta/core/accounting/accounting-record'
import { declareJob, type Job } from '@lautta/core/job/job'
import { logPath, quarantinePath, sacctPath } from '@lautta/core/object-names'
import { readObject } from '@lautta/object-store/read-object'
import { readTable } from '@lautta/tables/read-table'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CollectPorts, collectRun } from '../src/collect-run.ts'
import { openPorts } from './open-ports.ts'
import { freezeAt, killAt, readBuckets } from './troubled-store.ts'

const run = { id: '1', platform: 'local', index: 0, attempt: 1 }
const message = { user: 'u', ...run }
const [pipeline, submitter] = ['mlch-pipe-u', 'mlch-sub-air-u']
const now = new Date('2026-11-20T12:00:00.000Z')

let root: string
beforeAll(async () => {
  // In memory where there is such a folder: a store syncs each of its writes.
  root = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lautta-faults-'))
  for (const source of ['out', 'err'])
    for (const task of [1, 2]) await writeFile(join(root, `${source}-${task}`), `${source} of task ${task}\n`)
})
afterAll(() => rm(root, { recursive: true }))

const line = (more: Partial<AccountingRecord>): AccountingRecord => ({
  ...{ ...nothingRecorded, jobId: '20', state: 'COMPLETED', startedAtEpoch: 1, endedAtEpoch: 2 },
  ...{ allocCpus: 2, elapsedSeconds: 1, totalCpuSeconds: 1.5 },
  ...more
})
/** The first task ran twice, and what was brought of it is of the first time; one of its lines can't be read. */
const accounting: Accounting = {
  records: [
    ...[line({ arrayTask: 1, state: 'NODE_FAIL' }), line({ arrayTask: 1, restart: 1 }), line({ arrayTask: 2 })],
    line({ arrayTask: 2, jobStep: 'batch', maxRssBytes: 7 })
  ],
  unreadable: [{ line: '20_2.batch|12Q', reason: 'AveRSS reads "12Q"' }]
}

let opened = 0
/** An array that has ended, whose logs were brought when it ran. */
async function openEnded(): Promise<CollectPorts> {
  const home = join(root, `${++opened}`)
  await mkdir(home)
  const ended = { outcome: 'completed', exitCode: 0, reason: null, collecting: 'owed' } as const
  const job: Job = {
    ...{ ...declareJob(0), array: '1-2', outPath: join(root, 'out-%a'), errPath: join(root, 'err-%a') },
    state: { kind: 'running', slurmJobId: '20' }
  }
  await collectRun(await openPorts(home, [job], async () => accounting), message)
  const ports = await openPorts(
    home,
    [{ ...job, state: { kind: 'finished', slurmJobId: '20', ...ended } }],
    async () => accounting
  )
  return { ...ports, now: () => now }
}

/** Tells a story for each number from 1 on, some of them side by side, until one is beyond its end; answers that number. */
async function untilNotMet(tell: (number: number) => Promise<boolean>): Promise<number> {
  for (let first = 1; ; first += 4) {
    const numbers = [0, 1, 2, 3].map((more) => first + more)
    const met = await Promise.all(numbers.map(tell))
    if (met.includes(false)) return first + met.indexOf(false)
  }
}

const readAll = ({ store }: CollectPorts) => readBuckets(store, [pipeline, submitter])

let undisturbed: Record<string, unknown>
beforeAll(async () => {
  const ports = await openEnded()
  expect(await collectRun(ports, message)).toBe('all')
  undisturbed = await readAll(ports)
})

describe('the objects of a run', () => {
  it('are all there when nothing happens: every line, every log, what can not be read, and no pieces', async () => {
    expect(Object.keys(undisturbed).filter((path) => !path.includes('/MANAGEMENT/'))).toEqual(
      [
        ...['err.1.log', 'err.2.log', 'out.1.log', 'out.2.log', 'parquet'].map((name) => `${pipeline}/LOGS/1-local-0-1.${name}`),
        `${pipeline}/TIMES/1-local-0-1.parquet`,
        ...['QUARANTINE/1-local-0-1.jsonl', 'SACCT/1-local-0-1.parquet', 'USAGE/1-local-0-1.parquet'].map(
          (name) => `${submitter}/ARTIFACTS/${name}`
        )
      ].toSorted()
    )
    expect(undisturbed[`${submitter}/${quarantinePath(run)}`]).toMatchObject({ metadata: { lines: '1' } })
  })

  it('are the same when it is collected once more', async () => {
    const ports = await openEnded()
    await collectRun(ports, message)
    expect(await collectRun(ports, message)).toBe('nothing')
    expect(await readAll(ports)).toEqual(undisturbed)
  })

  it.each(['before', 'after'] as const)(
    'are the same when the monitor is killed right %s any of its writes, and another goes on',
    async (when) => {
      const writes = await untilNotMet(async (number) => {
        const ports = await openEnded()
        const dying = killAt(ports.store, number, when)
        const first = await Promise.allSettled([collectRun({ ...ports, store: dying.store }, message)])
        expect(first[0].status === 'rejected', `write ${number}`).toBe(dying.isDead())
        expect(['all', 'nothing']).toContain(await collectRun(ports, message))
        expect(await readAll(ports), `killed ${when} write ${number}`).toEqual(undisturbed)
        return dying.isDead()
      })
      expect(writes).toBeGreaterThan(15)
    },
    120_000
  )

  it('are the same when a monitor stands still anywhere in it, while another does all of it', async () => {
    const operations = await untilNotMet(async (number) => {
      const ports = await openEnded()
      const still = freezeAt(ports.store, number, () => collectRun(ports, message))
      // It may find that what it was to read is not there any more.
      const late = await collectRun({ ...ports, store: still.store }, message).catch((error: Error) => error.name)
      expect(['all', 'nothing', 'StorageError']).toContain(late)
      expect(await collectRun(ports, message)).toBe('nothing')
      expect(await readAll(ports), `stood still before operation ${number}`).toEqual(undisturbed)
      return still.wasFrozen()
    })
    expect(operations).toBeGreaterThan(40)
  }, 120_000)

  it('are the same when two monitors do it at once', async () => {
    for (let round = 0; round < 5; round++) {
      const ports = await openEnded()
      const both = await Promise.allSettled([collectRun(ports, message), collectRun(ports, message)])
      expect(both.some(({ status }) => status === 'fulfilled')).toBe(true)
      expect(await collectRun(ports, message)).toBe('nothing')
      expect(await readAll(ports)).toEqual(undisturbed)
    }
  }, 120_000)
})

describe('accounting that lags behind the end of a job', () => {
  const endedAtEpoch = now.getTime() / 1000
  const soon = new Date(now.getTime() + 5000)
  const anHourLater = new Date(now.getTime() + 3600_000)

  async function openLate() {
    const home = join(root, `${++opened}`)
    await mkdir(home)
    const ended = { outcome: 'completed', exitCode: 0, reason: null, collecting: 'owed' } as const
    const job: Job = { ...declareJob(0), outPath: join(root, 'out-1'), state: { kind: 'finished', slurmJobId: '20', ...ended } }
    let told: Accounting = { records: [], unreadable: [] }
    const warnings: unknown[] = []
    const ports = await openPorts(home, [job], async () => told)
    const token = ports.management.tokenOf('u', run)
    return {
      ...{
        ports,
        warnings,
        own: line({ jobName: `mine.${token}`, endedAtEpoch }),
        batch: line({ jobStep: 'batch', endedAtEpoch })
      },
      collect(records: readonly AccountingRecord[], at = soon, unreadable: Accounting['unreadable'] = []) {
        told = { records, unreadable }
        const logger = { warn: (...words: unknown[]) => void warnings.push(words) }
        return collectRun({ ...ports, logger, now: () => at }, message)
      },
      rows: async () => {
        const content = await readObject(ports.store, submitter, sacctPath(run))
        return content && readTable(content).rows.map((row) => [row['job-step'], row['end-time']])
      }
    }
  }

  it('is collected again until it tells all: nothing, then some of it, then the whole', async () => {
    const { collect, rows, own, batch, ports } = await openLate()
    const running = { endedAtEpoch: null, state: 'RUNNING' }
    expect(await collect([])).toBe('incomplete')
    expect(await collect([{ ...own, jobName: 'allocation' }])).toBe('incomplete')
    expect(await collect([{ ...own, ...running }, batch])).toBe('incomplete')
    expect(await collect([own, { ...batch, ...running }])).toBe('incomplete')
    expect(await rows()).toBeNull()
    expect(await collect([own, batch])).toBe('all')
    expect(await rows()).toEqual([
      [null, endedAtEpoch],
      ['batch', endedAtEpoch]
    ])
    expect((await readObject(ports.store, pipeline, logPath(run, 'out')))?.toString()).toBe('out of task 1\n')
  })

  it('is brought by a monitor that was away for an hour at once, a step that never ended in it', async () => {
    const { collect, rows, own, batch } = await openLate()
    expect(await collect([own, { ...batch, endedAtEpoch: null }], anHourLater)).toBe('all')
    expect(await rows()).toEqual([
      [null, endedAtEpoch],
      ['batch', 0]
    ])
  })

  it('has its lines that can not be read kept while the job’s own is one of them, and told of once', async () => {
    const { collect, ports, warnings, own, batch } = await openLate()
    const torn = { line: '20|project', reason: 'it has 2 fields' }
    for (let look = 0; look < 3; look++) expect(await collect([batch], anHourLater, [torn])).toBe('incomplete')
    const kept = async () => (await readObject(ports.store, submitter, quarantinePath(run)))?.toString()
    expect(await kept()).toBe(`${JSON.stringify(torn)}\n`)
    expect(warnings).toMatchObject([[{ orchestration: '1', lines: 1, path: quarantinePath(run) }, expect.any(String)]])
    const other = { line: 'a\n"b"', reason: 'x' }
    expect(await collect([own, batch], anHourLater, [torn, other])).toBe('all')
    const lines = (await kept())?.trimEnd().split('\n') ?? []
    expect(lines.map((one) => JSON.parse(one))).toEqual([torn, other])
    expect(warnings).toHaveLength(2)
  })
})
