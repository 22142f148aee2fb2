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
  it('is what the components of a heterogeneous job used together', () => {
    const second = { ...job, hetComponent: 1, totalCpuSeconds: 200, startedAtEpoch: 0, endedAtEpoch: 100 }
    const first = { ...job, hetComponent: 0, startedAtEpoch: 0, endedAtEpoch: 100 }
    const step = record({ jobStep: '0', hetComponent: 1, maxRssBytes: 3000 })
    expect(computeUsage([first, second, step])).toMatchObject({
      ...{ cpuUtilizedSeconds: 800, coreWalltimeSeconds: 1600, cpuEfficiencyPercent: 50, wallClockSeconds: 100 },
      memoryUtilizedBytes: 3000
    })
  })
  it('has no efficiency where nothing was given or measured', () => {
    const unmeasured = { ...job, totalCpuSeconds: null, allocCpus: 0, allocNodes: 0, reqMemBytes: null }
    expect(computeUsage([unmeasured])).toMatchObject({
      ...{ cpuEfficiencyPercent: null, memoryEfficiencyPercent: null, memoryUtilizedBytes: null, coresPerNode: null }
    })
  })
  it('is what the tasks of an array used together, from the first beginning to the last end, but for memory', () => {
    const task = (arrayTask: number, more: Partial<AccountingRecord>) => record({ ...job, arrayTask, ...more })
    const records = [
      task(0, { state: 'NODE_FAIL', startedAtEpoch: 100, endedAtEpoch: 150 }),
      task(0, { restart: 1, startedAtEpoch: 300, endedAtEpoch: 400, elapsedSeconds: 100 }),
      record({ jobStep: 'batch', arrayTask: 0, restart: 0, maxRssBytes: 9000 }),
      record({ jobStep: 'batch', arrayTask: 0, restart: 1, maxRssBytes: 1000 }),
      task(1, { state: 'FAILED', startedAtEpoch: 200, endedAtEpoch: 250, elapsedSeconds: 50, totalCpuSeconds: 100 }),
      record({ jobStep: 'batch', arrayTask: 1, maxRssBytes: 2000 }),
      record({
        ...job,
        state: 'CANCELLED',
        allocCpus: 0,
        elapsedSeconds: 0,
        totalCpuSeconds: 0,
        startedAtEpoch: null,
        endedAtEpoch: 500
      })
    ]
    expect(computeUsage(records)).toMatchObject({
      ...{ state: 'FAILED', cpuUtilizedSeconds: 700, coreWalltimeSeconds: 1200, wallClockSeconds: 200 },
      ...{ memoryUtilizedBytes: 2000, memoryAllocatedBytes: 4000, memoryEfficiencyPercent: 50 }
    })
  })
  it('is not known without the job’s own line', () => {
    expect(computeUsage([record({ jobStep: 'batch' })])).toBeNull()
  })
})
