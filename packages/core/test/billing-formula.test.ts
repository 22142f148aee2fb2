import { describe, expect, it } from 'vitest'
import { billingFormulaSchema, computeCost, describeBilling, type ReservedResources } from '../src/billing/billing-formula.ts'

const roihu = billingFormulaSchema.parse({
  partitions: ['small', 'test'],
  unit: 'cpu-bu',
  max: [
    { of: 'cores', each: 0.75 },
    { of: 'memory-gib', each: 0.375 }
  ],
  plus: [{ of: 'storage-gib', each: 0.02 }]
})
const slots = billingFormulaSchema.parse({
  partitions: ['small-g'],
  unit: 'gpu-bu',
  max: [
    { of: 'cores', each: 0.5, portion: 8 },
    { of: 'memory-gib', each: 0.5, portion: 64 },
    { of: 'gpus', each: 0.5 }
  ]
})
const costOf = (partition: string, reserved: ReservedResources, hours: number) =>
  computeCost([roihu, slots], { partition, reserved, hours })

describe('the cost of a job', () => {
  it('is the largest of several shares and all that is added, for each hour', () => {
    expect(costOf('small', { cores: 4, 'memory-gib': 16 }, 2)).toEqual({ unit: 'cpu-bu', amount: 12 })
    expect(costOf('test', { cores: 10, 'memory-gib': 1, 'storage-gib': 100 }, 1)?.amount).toBeCloseTo(9.5, 10)
  })
  it('counts whole portions', () => {
    expect(costOf('small-g', { cores: 8, gpus: 1, 'memory-gib': 64 }, 1)?.amount).toBe(0.5)
    expect(costOf('small-g', { cores: 9, gpus: 1, 'memory-gib': 64 }, 1)?.amount).toBe(1)
  })
  it('is not known where no formula names the partition', () => {
    expect(costOf('large', { cores: 1 }, 1)).toBeNull()
  })
})

describe('a formula', () => {
  it('is told in words', () => {
    expect(describeBilling(roihu)).toBe('max(0.75·cores, 0.375·GiB of memory) + 0.02·GiB of local storage CPU BU an hour')
    expect(describeBilling(slots)).toBe('max(0.5·⌈cores / 8⌉, 0.5·⌈GiB of memory / 64⌉, 0.5·GPUs) GPU BU an hour')
  })
})
