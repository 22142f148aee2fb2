import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AccountingRecord, nothingRecorded } from '@lautta/core/accounting/accounting-record'
import { billingFormulaSchema } from '@lautta/core/billing/billing-formula'
import { declareJob, type Job } from '@lautta/core/job/job'
import { allocationsPath, usagePath } from '@lautta/core/object-names'
import { readObject } from '@lautta/object-store/read-object'
import type { KnownPlatform } from '@lautta/platforms/settings'
import { createLogger } from '@lautta/runtime/logger'
import { readTable } from '@lautta/tables/read-table'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAllocationReader } from '../src/allocation-reader.ts'
import { type CollectPorts, collectRun } from '../src/collect-run.ts'
import { settleOpenBills } from '../src/settle-open-bills.ts'
import { openPorts } from './open-ports.ts'

const run = { id: '1', platform: 'local', index: 0, attempt: 1 }
const message = { user: 'u', ...run }
const bucket = 'mlch-sub-air-u'
const at = (time: string) => Date.parse(`2026-11-19T${time}Z`)
const hour = 3600
const record: AccountingRecord = {
  ...nothingRecorded,
  ...{ jobId: '7', state: 'COMPLETED', partition: 'small', account: 'project_1', allocTres: 'cpu=100,mem=1G,node=1' },
  ...{ elapsedSeconds: hour, startedAtEpoch: at('10:30:00') / 1000, endedAtEpoch: at('11:30:00') / 1000 }
}
const billing = [billingFormulaSchema.parse({ partitions: ['small'], unit: 'cpu-bu', plus: [{ of: 'cores', each: 1 }] })]

let root: string
let line: AccountingRecord
let others: string[]
let now: number
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lautta-bill-'))
  others = []
  line = record
})
afterEach(() => rm(root, { recursive: true }))

/** What the platform's command prints: data of that time in Helsinki, two hours later than UTC. */
const print = (time: string, coreHours: number) =>
  writeFile(
    join(root, 'print'),
    `Data updated: 2026-11-19 ${time}\nproject_1 | ${coreHours}/9000 (1%) core/hours | 0/9 (0%) gpu/hours | 5/9 (1%) TB/hours\n`
  )

/** The order's job as it runs, or as it has ended. */
async function open(kind: 'running' | 'finished'): Promise<CollectPorts> {
  const ended = { outcome: 'completed', exitCode: 0, reason: null, collecting: 'owed' } as const
  const state: Job['state'] = kind === 'running' ? { kind, slurmJobId: '7' } : { kind, slurmJobId: '7', ...ended }
  const ports = await openPorts(root, [{ ...declareJob(0), state }], async () => ({ records: [line], unreadable: [] }))
  const allocationsCommand = `cat ${join(root, 'print')}`
  const known = (): KnownPlatform => ({ ...ports.known('local')!, allocationsCommand, timeZone: 'Europe/Helsinki', billing })
  const connect: CollectPorts['connect'] = async (...asked) => {
    const platform = await ports.connect(...asked)
    return { ...platform, scheduler: { ...platform.scheduler, findBilledJobs: async () => ['7', ...others] } }
  }
  const given = { ...ports, known, connect, now: () => new Date(now) }
  return { ...given, readAllocations: createAllocationReader(given) }
}

const collectAt = async (time: string, kind: 'running' | 'finished') => {
  now = at(time)
  return collectRun(await open(kind), message)
}
const lookAgainAt = async (ms: number) => {
  now = ms
  const house = { users: [{ name: 'u' }], logger: createLogger('silent'), signal: new AbortController().signal }
  await settleOpenBills({ ...(await open('finished')), ...house })
}
const bill = async () => {
  const { store } = await open('finished')
  const [row] = readTable((await readObject(store, bucket, usagePath(run)))!).rows
  return [row?.['cpu-bu'], row?.['gpu-bu'], row?.['storage-bu'], row?.source]
}
const isKept = async () => (await (await open('finished')).store.head(bucket, allocationsPath(run))) !== null

describe('the bill of a job on a platform that tells what projects have used', { timeout: 60_000 }, () => {
  beforeEach(async () => {
    await print('12:00:00', 1000)
    await collectAt('10:40:00', 'running')
  }, 60_000)

  it('is what its project has used more', async () => {
    await print('13:31:00', 1110)
    expect(await collectAt('11:45:00', 'finished')).toBe('all')
    expect(await bill()).toEqual([110, 0, 0, 'lumi-allocations'])
    await lookAgainAt(at('12:00:00'))
    expect(await bill()).toEqual([110, 0, 0, 'lumi-allocations'])
    expect(await isKept()).toBe(false)
  })

  it('is that of the first look at the running job, also when another process has gone on', async () => {
    await print('12:29:00', 1050)
    await collectAt('10:50:00', 'running')
    await print('13:31:00', 1110)
    await collectAt('11:45:00', 'finished')
    expect(await bill()).toEqual([110, 0, 0, 'lumi-allocations'])
  })

  it('is the formula’s until the data are of after its end, and then what they tell', async () => {
    await print('13:00:00', 1050)
    expect(await collectAt('11:45:00', 'finished')).toBe('all')
    expect(await bill()).toEqual([100, 0, null, 'formula'])
    await lookAgainAt(at('13:00:00'))
    expect(await bill()).toEqual([100, 0, null, 'formula'])
    expect(await isKept()).toBe(true)
    await print('15:00:00', 1110)
    await lookAgainAt(at('14:00:00'))
    expect(await bill()).toEqual([110, 0, 0, 'lumi-allocations'])
    expect(await isKept()).toBe(false)
  })

  it('stays the formula’s when others used the project in between, and when the data never come', async () => {
    others = ['8']
    await print('13:31:00', 1110)
    await collectAt('11:45:00', 'finished')
    expect(await bill()).toEqual([100, 0, null, 'formula'])
    await lookAgainAt(at('12:00:00'))
    expect(await isKept()).toBe(false)
  })

  it('waits a week for the data, and no longer', async () => {
    await writeFile(join(root, 'print'), 'the database is away\n')
    expect(await collectAt('11:45:00', 'finished')).toBe('all')
    await lookAgainAt(at('11:30:00') + 6 * 24 * hour * 1000)
    expect([await isKept(), await bill()]).toEqual([true, [100, 0, null, 'formula']])
    await lookAgainAt(at('11:30:00') + 8 * 24 * hour * 1000)
    expect(await isKept()).toBe(false)
  })

  it('is none of a run that no project paid for', async () => {
    line = { ...record, account: null }
    await collectAt('11:45:00', 'finished')
    await lookAgainAt(at('12:00:00'))
    expect([await isKept(), await bill()]).toEqual([false, [100, 0, null, 'formula']])
  })

  it('is the formula’s when what was kept can not be read', async () => {
    const { store } = await open('finished')
    await store.put(bucket, allocationsPath(run), Buffer.from('{'), { contentType: 'application/json', metadata: {} })
    await print('13:31:00', 1110)
    expect(await collectAt('11:45:00', 'finished')).toBe('all')
    expect(await bill()).toEqual([100, 0, null, 'formula'])
  })
})

describe('the numbers of projects', () => {
  it('are asked for once for all who ask at about the same time, but never taken from before a job’s end', async () => {
    now = at('12:00:00')
    await print('12:00:00', 1000)
    const { readAllocations } = await open('finished')
    const used = async (since: number) => (await readAllocations('u', 'local', new Date(since)))?.allocations[0]?.usedCoreHours
    expect(await used(0)).toBe(1000)
    await print('12:00:00', 2000)
    now += 60_000
    expect(await used(0)).toBe(1000)
    expect(await used(at('12:00:30'))).toBe(2000)
    await print('12:00:00', 3000)
    expect(await used(at('12:00:30'))).toBe(2000)
    now += 6 * 60_000
    expect(await used(0)).toBe(3000)
  })
})
