import { describe, expect, it } from 'vitest'
import { computeUsage } from '../src/accounting/usage.ts'
import { recordOf } from './record-of.ts'

const job = recordOf({
  ...{ state: 'COMPLETED', allocNodes: 2, allocCpus: 8, elapsedSeconds: 100, totalCpuSeconds: 600, reqMemBytes: 4000 },
  account: 'project_1'
})

describe('what a job used', () => {
  it('is cores times time, and the highest memory of any step', () => {
    const steps = [recordOf({ jobStep: 'batch', maxRssBytes: 1000 }), recordOf({ jobStep: '0', maxRssBytes: 3000 })]
    expect(computeUsage([job, ...steps])).toEqual({
      ...{ jobId: '7', state: 'COMPLETED', nodes: 2, coresPerNode: 4, wallClockSeconds: 100, energyJoules: null },
      ...{ cpuUtilizedSeconds: 600, coreWalltimeSeconds: 800, cpuEfficiencyPercent: 75 },
      ...{ memoryUtilizedBytes: 3000, memoryAllocatedBytes: 4000, memoryEfficiencyPercent: 75 },
      ...{ gpuHours: null, gpuEfficiencyPercent: null, cpuBu: null, gpuBu: null, storageBu: null },
      ...{ billedProject: 'project_1', source: 'formula' }
    })
  })
  it('is that of the last run of a requeued job', () => {
    const again = recordOf({ ...job, restart: 1, elapsedSeconds: 10, totalCpuSeconds: 8 })
    const early = recordOf({ jobStep: 'batch', restart: 0, maxRssBytes: 9000 })
    const late = recordOf({ jobStep: 'batch', restart: 1, maxRssBytes: 2000 })
    expect(computeUsage([job, early, again, late])).toMatchObject({ memoryUtilizedBytes: 2000, cpuEfficiencyPercent: 10 })
  })
  it('is what the components of a heterogeneous job had and used together', () => {
    const first = { ...job, hetComponent: 0, startedAtEpoch: 0, endedAtEpoch: 100 }
    const second = { ...first, hetComponent: 1, allocNodes: 1, allocCpus: 10, totalCpuSeconds: 300, reqMemBytes: 6000 }
    const step = (hetComponent: number, maxRssBytes: number) => recordOf({ jobStep: '0', hetComponent, maxRssBytes })
    const failed = { ...second, state: 'FAILED' }
    for (const last of [second, failed])
      expect(computeUsage([first, step(0, 1000), step(0, 500), last, step(1, 3000)])).toMatchObject({
        ...{ state: last.state, nodes: 3, coresPerNode: 6, wallClockSeconds: 100 },
        ...{ cpuUtilizedSeconds: 900, coreWalltimeSeconds: 1800, cpuEfficiencyPercent: 50 },
        ...{ memoryUtilizedBytes: 4000, memoryAllocatedBytes: 10_000, memoryEfficiencyPercent: 40 }
      })
  })
  it('is told at once of very many steps', () => {
    const steps = Array.from({ length: 100_000 }, (_, at) => recordOf({ jobStep: String(at), maxRssBytes: at }))
    expect(computeUsage([job, ...steps])).toMatchObject({ memoryUtilizedBytes: 99_999 })
  })
  it('has no efficiency where nothing was given or measured', () => {
    const unmeasured = { ...job, totalCpuSeconds: null, allocCpus: 0, allocNodes: 0, reqMemBytes: null }
    expect(computeUsage([unmeasured])).toMatchObject({
      ...{ cpuEfficiencyPercent: null, memoryEfficiencyPercent: null, memoryUtilizedBytes: null, coresPerNode: null }
    })
  })
  it('is what the tasks of an array used together, from the first beginning to the last end, but for memory', () => {
    const task = (arrayTask: number, more: object) => recordOf({ ...job, arrayTask, ...more })
    const records = [
      task(0, { state: 'NODE_FAIL', startedAtEpoch: 100, endedAtEpoch: 150 }),
      task(0, { restart: 1, startedAtEpoch: 300, endedAtEpoch: 400, elapsedSeconds: 100 }),
      recordOf({ jobStep: 'batch', arrayTask: 0, restart: 0, maxRssBytes: 9000 }),
      recordOf({ jobStep: 'batch', arrayTask: 0, restart: 1, maxRssBytes: 1000 }),
      task(1, { state: 'FAILED', startedAtEpoch: 200, endedAtEpoch: 250, elapsedSeconds: 50, totalCpuSeconds: 100 }),
      recordOf({ jobStep: 'batch', arrayTask: 1, maxRssBytes: 2000 }),
      recordOf({
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
    expect(computeUsage([recordOf({ jobStep: 'batch' })])).toBeNull()
  })
})

describe('the memory of a job', () => {
  it('is what all tasks of a step may have had, of what SLURM gave it in all nodes', () => {
    const own = { ...job, allocTres: 'billing=8,cpu=8,mem=800M,node=2', reqMemBytes: 1 }
    const steps = [
      recordOf({ jobStep: 'batch', taskCount: 1, maxRssBytes: 90 * 1024 ** 2 }),
      recordOf({ jobStep: '0', taskCount: 4, maxRssBytes: 50 * 1024 ** 2 })
    ]
    expect(computeUsage([own, ...steps])).toMatchObject({
      ...{ memoryUtilizedBytes: 200 * 1024 ** 2, memoryAllocatedBytes: 800 * 1024 ** 2, memoryEfficiencyPercent: 25 }
    })
  })
})

describe('the energy of a job', () => {
  const energyOf = (...lines: Parameters<typeof recordOf>[0][]) => computeUsage(lines.map(recordOf))?.energyJoules
  it('is that of its own line, and else of its largest step: each of them measures the whole node', () => {
    const steps = [
      { jobStep: 'extern', consumedEnergyJoules: 500 },
      { jobStep: '0', consumedEnergyJoules: 480 }
    ]
    expect(energyOf({ consumedEnergyJoules: 510 }, ...steps)).toBe(510)
    expect(energyOf({ consumedEnergyJoules: 0 }, ...steps)).toBe(500)
    expect(energyOf({}, ...steps)).toBe(500)
  })
  it('is of all its runs and tasks', () => {
    expect(energyOf({ consumedEnergyJoules: 100 }, { restart: 1, consumedEnergyJoules: 30 })).toBe(130)
    expect(energyOf({ arrayTask: 1, consumedEnergyJoules: 2 }, { arrayTask: 2, consumedEnergyJoules: 3 })).toBe(5)
  })
  it('is not known where nobody measured', () => {
    expect(energyOf({ consumedEnergyJoules: 0 })).toBeNull()
    expect(energyOf({})).toBeNull()
  })
})

describe('the GPUs of a job', () => {
  const usageOf = (allocTres: string, seconds: number, ...steps: Parameters<typeof recordOf>[0][]) =>
    computeUsage([recordOf({ allocTres, elapsedSeconds: seconds }), ...steps.map(recordOf)])
  it.each([
    ['billing=8,cpu=8,gres/gpu=4,mem=16G,node=1', 8],
    ['cpu=8,gres/gpu:a100=2,mem=16G,node=1', 4],
    ['cpu=8,gres/gpu:a100=2,gres/gpu=2,node=1', 4],
    ['cpu=1,gres/gpu:a100_1g.5gb=1,node=1', 2],
    ['cpu=1,gres/gpu:a100_1g.5gb=1,gres/gpu:a100=1,gres/gpu=2,node=1', 4],
    ['cpu=8,mem=16G,node=1', 0]
  ])('are counted by the hour: two hours of %s are %d GPU hours', (tres, hours) => {
    expect(usageOf(tres, 7200)?.gpuHours).toBe(hours)
  })
  it('are those of all runs', () => {
    const run = { allocTres: 'cpu=1,gres/gpu=2', elapsedSeconds: 1800 }
    expect(computeUsage([recordOf(run), recordOf({ ...run, restart: 1 })])?.gpuHours).toBe(2)
  })
  it('are not known where SLURM does not tell what it gave, and none where nothing began', () => {
    expect(usageOf('', 10)?.gpuHours).toBeNull()
    expect(usageOf('', 0)?.gpuHours).toBe(0)
  })
  it('were used as much as was seen of the tasks of its steps', () => {
    const gpus = 'cpu=8,gres/gpu=4,node=1'
    expect(usageOf(gpus, 100)?.gpuEfficiencyPercent).toBeNull()
    const step = { jobStep: '0', taskCount: 4, gpuUsePercent: 80, elapsedSeconds: 100 }
    const batch = { jobStep: 'batch', taskCount: 1, gpuUsePercent: 0, elapsedSeconds: 100 }
    expect(usageOf(gpus, 100, batch, step)?.gpuEfficiencyPercent).toBeCloseTo(80, 10)
    expect(usageOf(gpus, 200, batch, step)?.gpuEfficiencyPercent).toBeCloseTo(40, 10)
    expect(usageOf(gpus, 90, step, { ...step, jobStep: '1' })?.gpuEfficiencyPercent).toBe(100)
    expect(usageOf('cpu=8', 100, step)?.gpuEfficiencyPercent).toBeNull()
  })
})
