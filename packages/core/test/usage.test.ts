import { describe, expect, it } from 'vitest'
import type { AccountingRecord } from '../src/accounting/accounting-record.ts'
import { computeUsage } from '../src/accounting/usage.ts'

const record = (more: Partial<AccountingRecord>): AccountingRecord =>
  ({ jobId: '7', jobStep: null, restart: 0, maxRssBytes: null, ...more }) as AccountingRecord
const job = record({
  ...{ state: 'COMPLETED', allocNodes: 2, allocCpus: 8, elapsedSeconds: 100, totalCpuSeconds: 600, reqMemBytes: 4000 },
  consumedEnergyJoules: null
})

describe('what a job used', () => {
  it('is cores times time, and the highest memory of any step', () => {
    const steps = [record({ jobStep: 'batch', maxRssBytes: 1000 }), record({ jobStep: '0', maxRssBytes: 3000 })]
    expect(computeUsage([job, ...steps])).toEqual({
      ...{ jobId: '7', state: 'COMPLETED', nodes: 2, coresPerNode: 4, wallClockSeconds: 100, energyJoules: null },
      ...{ cpuUtilizedSeconds: 600, coreWalltimeSeconds: 800, cpuEfficiencyPercent: 75 },
      ...{ memoryUtilizedBytes: 3000, memoryAllocatedBytes: 4000, memoryEfficiencyPercent: 75 }
    })
  })
  it('is that of the last run of a requeued job', () => {
    const again = record({ ...job, restart: 1, elapsedSeconds: 10, totalCpuSeconds: 8 })
    const early = record({ jobStep: 'batch', restart: 0, maxRssBytes: 9000 })
    const late = record({ jobStep: 'batch', restart: 1, maxRssBytes: 2000 })
    expect(computeUsage([job, early, again, late])).toMatchObject({ memoryUtilizedBytes: 2000, cpuEfficiencyPercent: 10 })
  })
  it('has no efficiency where nothing was given or measured', () => {
    const unmeasured = { ...job, totalCpuSeconds: null, allocCpus: 0, allocNodes: 0, reqMemBytes: null }
    expect(computeUsage([unmeasured])).toMatchObject({
      ...{ cpuEfficiencyPercent: null, memoryEfficiencyPercent: null, memoryUtilizedBytes: null, coresPerNode: null }
    })
  })
  it('is not known without the job’s own line', () => {
    expect(computeUsage([record({ jobStep: 'batch' })])).toBeNull()
  })
})
