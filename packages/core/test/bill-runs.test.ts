import { describe, expect, it } from 'vitest'
import { billRuns } from '../src/billing/bill-runs.ts'
import { billingFormulaSchema } from '../src/billing/billing-formula.ts'
import { reservedOf } from '../src/billing/reserved-of.ts'
import { recordOf } from './record-of.ts'

const formulas = [
  {
    ...{ partitions: ['small'], unit: 'cpu-bu' as const, plus: [{ of: 'storage-gib' as const, each: 0.02 }] },
    max: [
      { of: 'cores' as const, each: 0.75 },
      { of: 'memory-gib' as const, each: 0.375 }
    ]
  },
  { partitions: ['gpu'], unit: 'gpu-bu' as const, plus: [{ of: 'gpus' as const, each: 200 }] },
  { partitions: ['threads'], unit: 'cpu-bu' as const, 'threads-per-core': 2, plus: [{ of: 'cores' as const, each: 1 }] }
].map((one) => billingFormulaSchema.parse(one))

const hour = 3600
const small = { partition: 'small', elapsedSeconds: 2 * hour, allocTres: 'billing=4,cpu=4,mem=16G,node=1' }
const bill = (...lines: Parameters<typeof recordOf>[0][]) => billRuns(formulas, lines.map(recordOf))

describe('what a run had reserved', () => {
  it('is what SLURM gave it, in all its nodes together', () => {
    const tres = 'billing=8,cpu=8,gres/gpu:a100=1,gres/gpu:a100_1g.5gb=2,gres/gpu=3,gres/nvme=100,mem=16384M,node=2'
    expect(reservedOf(recordOf({ allocTres: tres }))).toEqual({
      ...{ nodes: 2, cores: 8, 'memory-gib': 16, gpus: 1, 'gpu-slices': 2, 'storage-gib': 100 }
    })
    expect(reservedOf(recordOf({ allocTres: tres }), 2)?.cores).toBe(4)
  })
  it('is completed by what else its line tells, and not known without what SLURM gave', () => {
    const line = recordOf({ allocTres: 'cpu=3', allocNodes: 1, reqMemBytes: 2 ** 31, allocCpus: 9 })
    expect(reservedOf(line)).toMatchObject({ nodes: 1, cores: 3, 'memory-gib': 2 })
    expect(reservedOf(recordOf({ allocTres: 'cpu=3' }))).not.toHaveProperty('memory-gib')
    expect(reservedOf(recordOf({ allocTres: 'cpu=3,mem=512' }))?.['memory-gib']).toBe(0.5)
    expect(reservedOf(recordOf({ allocCpus: 3 }))).toBeNull()
  })
})

describe('the bill of a job', () => {
  it('is the formula of its partition, by what it had and how long; its steps cost nothing more', () => {
    expect(bill(small, { ...small, jobStep: 'batch' })).toEqual({ cpuBu: 12, gpuBu: 0 })
    expect(bill({ partition: 'gpu', elapsedSeconds: 5 * hour, allocTres: 'cpu=8,gres/gpu=2,node=1' })).toEqual({
      ...{ cpuBu: 0, gpuBu: 2000 }
    })
    expect(bill({ ...small, allocTres: `${small.allocTres},gres/nvme=100` }).cpuBu).toBeCloseTo(16, 10)
  })
  it('is of all tasks and of all runs, also of those that ended in a requeue', () => {
    expect(bill({ ...small, arrayTask: 1 }, { ...small, arrayTask: 2 }).cpuBu).toBe(24)
    expect(bill({ ...small, state: 'REQUEUED' }, { ...small, restart: 1 }).cpuBu).toBe(24)
    expect(bill(small, { partition: 'gpu', restart: 1, elapsedSeconds: hour, allocTres: 'cpu=1,gres/gpu=1' })).toEqual({
      ...{ cpuBu: 12, gpuBu: 200 }
    })
  })
  it('counts cores, of which SLURM shows the threads', () => {
    expect(bill({ partition: 'threads', elapsedSeconds: hour, allocTres: 'cpu=256,node=1' }).cpuBu).toBe(128)
  })
  it('is nothing for what never began', () => {
    expect(bill({ partition: 'small', elapsedSeconds: 0, state: 'CANCELLED' })).toEqual({ cpuBu: 0, gpuBu: 0 })
  })
  it('is not known in a partition without a formula, nor when what was reserved or for how long is not told', () => {
    const unknown = { cpuBu: null, gpuBu: null }
    expect(bill({ ...small, partition: 'large' })).toEqual(unknown)
    expect(bill({ ...small, partition: null })).toEqual(unknown)
    expect(bill({ ...small, allocTres: null })).toEqual(unknown)
    expect(bill({ ...small, allocTres: 'cpu=4' })).toEqual(unknown)
    expect(bill({ ...small, elapsedSeconds: null })).toEqual(unknown)
    expect(bill(small, { ...small, restart: 1, allocTres: null })).toEqual(unknown)
    expect(bill()).toEqual(unknown)
  })
})
