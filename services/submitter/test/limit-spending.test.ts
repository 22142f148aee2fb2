import { billingFormulaSchema } from '@lautta/core/billing/billing-formula'
import type { StatusDocument } from '@lautta/core/documents/status-document'
import { UnavailableError } from '@lautta/core/errors'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import type { Scheduler } from '@lautta/platforms/scheduler'
import { type KnownPlatform, knownPlatforms } from '@lautta/platforms/settings'
import { describe, expect, it } from 'vitest'
import type { JobWork } from '../src/effects/job-work.ts'
import { createLimitSpending } from '../src/effects/limit-spending.ts'
import { createKnownLimits } from '../src/known-limits.ts'
import { createLiveOrder } from '../src/live-order.ts'
import { tellSpending } from '../src/tell-spending.ts'

const now = () => new Date(0)
// No platform tells its partitions here.
const noEnvironment = { keepAlso: async () => Promise.reject(new Error('nothing was found')) }
const [plain] = knownPlatforms({}, true) as [KnownPlatform]
const formula = billingFormulaSchema.parse({ partitions: ['small'], unit: 'cpu-bu', plus: [{ of: 'cores', each: 1 }] })
const known: KnownPlatform = { ...plain, name: 'lumi', kind: 'slurm', transport: 'ssh2', billing: [formula] }
const script = (cores: number) => `#!/bin/sh\n#SBATCH -p small -t 60 -c ${cores}\n`

interface Circumstances {
  areReady?: boolean
  on?: KnownPlatform
  findLimits?: Scheduler['findLimits']
}

/** An order whose jobs are being prepared, or are about to be submitted. */
async function open(
  limit: object | undefined,
  jobs: readonly object[],
  { areReady = true, on = known, findLimits = async () => null }: Circumstances = {}
) {
  const request = orchestrationSchema(['lumi']).parse({ name: 'n', limit, platforms: { lumi: { jobs } } })
  const saved: Omit<StatusDocument, 'hmac'>[] = []
  const order = createLiveOrder({
    request: { id: '1', createdAt: '', warnings: [], errors: [], request, version: null },
    ...{ platform: 'lumi', saved: null, fence: () => 1, now, onHistory: () => {} },
    save: async (status) => void saved.push(status)
  })
  const orders = { starts: new Map([[1, '']]), stops: new Map<number, string>(), controls: [], tries: new Map() }
  for (const { index } of order.status.jobs) {
    await order.feed(index, { type: 'ordersRead', orders })
    if (areReady) await order.feed(index, { type: 'prepared' })
  }
  const spending = createLimitSpending(on, createKnownLimits(now), noEnvironment)
  const scheduler = { findLimits }
  const admit = (index: number, text: string) => {
    const work = { order, job: order.status.jobs[index], platform: { scheduler } } as unknown as JobWork
    return spending(work, { script: text, options: {} })
  }
  return { order, saved, admit, on }
}

describe('jobs of an order with a limit', () => {
  it('are admitted one after the other, whoever asks at the same time, and counted when that is saved', async () => {
    const { saved, admit } = await open(
      { 'cpu-bu': 5 },
      [2, 2, 2, 1].map((cores) => ({ script: script(cores) }))
    )
    const admitted = await Promise.all([2, 2, 2, 1].map((cores, index) => admit(index, script(cores))))
    const refusal = expect.stringContaining('it may cost 2 CPU BU; with 4 of')
    expect(admitted).toEqual(['admitted', 'admitted', { refusal }, 'admitted'])
    expect(saved.at(-1)?.jobs.map(({ estimate }) => estimate?.cpuBu)).toEqual([2, 2, undefined, 1])
    // What was admitted stays so, and does not count twice.
    expect(await admit(0, script(2))).toBe('admitted')
  })
  it('are not submitted when it could not be saved any more what they cost', async () => {
    const { order, admit } = await open({ 'cpu-bu': 5 }, [{ script: script(1) }])
    const late = admit(0, script(1))
    await order.feed(0, { type: 'submissionRefused', reason: 'meanwhile' })
    expect(await late).toBe('outdated')
  })
  it('whose cost nobody can tell are refused, and without a limit are not', async () => {
    const free = await open({ 'cpu-bu': 5 }, [{ script: script(1) }], { on: { ...known, billing: [] } })
    expect(await free.admit(0, script(1))).toEqual({ refusal: expect.stringContaining('no billing formula is known') })
    const unlimited = await open(undefined, [{ script: script(1) }, { script: script(1) }])
    expect(await Promise.all([unlimited.admit(0, script(9)), unlimited.admit(1, '#!/bin/sh\n#SBATCH -N x\n')])).toEqual([
      'admitted',
      'admitted'
    ])
    expect(unlimited.order.status.jobs.map(({ estimate }) => estimate)).toEqual([{ cpuBu: 9, gpuBu: 0 }, null])
  })
  it('wait while their platform does not tell its partitions, and without a limit do not', async () => {
    const findLimits = () => Promise.reject(new UnavailableError('slurmctld is away'))
    const silent = '#!/bin/sh\n#SBATCH -p small\n'
    const limited = await open({ 'cpu-bu': 5 }, [{ script: silent }], { findLimits })
    expect(await limited.admit(0, silent)).toEqual({ absence: 'slurmctld is away' })
    const unlimited = await open(undefined, [{ script: silent }], { findLimits })
    expect(await unlimited.admit(0, silent)).toBe('admitted')
  })
  it('on this machine are not billed', async () => {
    const here = await open({ 'cpu-bu': 0 }, [{ script: script(1) }], { on: { ...known, kind: 'local', billing: [] } })
    expect(await here.admit(0, script(1))).toBe('admitted')
  })
})

describe('before the platform is reached', () => {
  const outcomes = async (limit: object | undefined, jobs: readonly object[]) => {
    const { order, on } = await open(limit, jobs, { areReady: false })
    await tellSpending(order, on)
    return order.status.jobs.map(({ state }) => state.kind)
  }
  it('jobs end that go beyond the limit by what they ask for themselves, or have no price', async () => {
    const other = '#!/bin/sh\n#SBATCH -p other -t 1\n'
    const jobs = [{ script: script(6) }, { script: script(5) }, { script: other }, { script: script(2), array: '1-3' }]
    expect(await outcomes({ 'cpu-bu': 5 }, jobs)).toEqual(['finished', 'preparing', 'finished', 'finished'])
    const cluster = { 'ray-cluster': { cpus: 8, partition: 'small', time: '01:00:00' } }
    expect(await outcomes({ 'cpu-bu': 7 }, [cluster])).toEqual(['finished'])
  })
  it('jobs go on of which only the platform can tell, and all without a limit', async () => {
    const unknown = [
      { path: '/users/csc/x.sh' },
      { script: '#!/bin/sh\n#SBATCH -c 100\n' },
      { script: '#!/bin/sh\n#SBATCH -p small\n' }
    ]
    expect(await outcomes({ 'cpu-bu': 5 }, unknown)).toEqual(['preparing', 'preparing', 'preparing'])
    expect(await outcomes(undefined, [{ script: script(100) }])).toEqual(['preparing'])
  })
})
