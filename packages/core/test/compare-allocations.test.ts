import { describe, expect, it } from 'vitest'
import { compareAllocations, type JobToBill } from '../src/billing/compare-allocations.ts'
import { epochInZone } from '../src/workspaces/epoch-in-zone.ts'
import { readAllocations } from '../src/workspaces/read-allocation.ts'

const print = (date: string, core: string, gpu: string, tb: string) => `Data updated: ${date}
Project             |       CPU (used/allocated)|      GPU (used/allocated)|  Storage (used/allocated)
-----------------------------------------------------------------------------------------------------
project_465000001   |  ${core}/100000 (12.3%) core/hours|  ${gpu}/1000 (0.0%) gpu/hours|  ${tb}/90 (61.1%) TB/hours
project_465000002   |  7/0 (N/A) core/hours
`
const zone = 'Europe/Helsinki'
const epoch = (text: string) => epochInZone(text, zone)!
const before = readAllocations(print('2026-11-19 12:00:00', '12345', '10', '55'))
const after = readAllocations(print('2026-11-19 15:00:00', '12445', '10', '57'))
const job: JobToBill = {
  ...{ project: 'project_465000001', slurmJobId: '7', cpuBu: 100, gpuBu: 0 },
  ...{ startedAtEpoch: epoch('2026-11-19 12:30:00'), endedAtEpoch: epoch('2026-11-19 14:30:00') }
}
const compare = (more: Partial<JobToBill> = {}, later = after) => compareAllocations(before, later, { ...job, ...more }, zone)
const notTold = { kind: 'not-told' }

describe('what lumi-allocations prints', () => {
  it('is read for each project, with the date of the data', () => {
    expect(before).toMatchObject([
      { project: 'project_465000001', usedCoreHours: 12_345, usedGpuHours: 10, usedTbHours: 55, date: '2026-11-19 12:00:00' },
      { project: 'project_465000002', usedCoreHours: 7, usedGpuHours: null, date: '2026-11-19 12:00:00' }
    ])
    expect(readAllocations('command not found\n')).toEqual([])
  })
})

describe('a time in the zone of a platform', () => {
  it('is known in summer and in winter, and where the clock is changed', () => {
    expect(new Date(epoch('2026-11-19 15:36:37') * 1000).toISOString()).toBe('2026-11-19T13:36:37.000Z')
    expect(new Date(epoch('2026-06-19T15:36') * 1000).toISOString()).toBe('2026-06-19T12:36:00.000Z')
    expect(new Date(epoch('2026-03-29 04:30:00') * 1000).toISOString()).toBe('2026-03-29T01:30:00.000Z')
    expect(new Date(epoch('2026-03-29 02:30:00') * 1000).toISOString()).toBe('2026-03-29T00:30:00.000Z')
    expect(new Date(epochInZone('2026-11-19', 'America/New_York')! * 1000).toISOString()).toBe('2026-11-19T05:00:00.000Z')
    expect(epochInZone('2026-11-19 00:00:00', 'UTC')).toBe(1_795_046_400)
    expect(epochInZone('yesterday', zone)).toBeNull()
  })
})

describe('what a project has used more', () => {
  it('is the bill of a job that ran between the two dates of the data', () => {
    expect(compare()).toEqual({
      ...{ kind: 'told', cpuBu: 100, gpuBu: 0, storageBu: 2 },
      ...{ fromEpoch: epoch('2026-11-19 12:00:00'), toEpoch: epoch('2026-11-19 15:00:00') }
    })
  })
  it('leaves to the formula what the project has no numbers of', () => {
    const later = after.map((one) => (one.project === 'project_465000002' ? { ...one, usedCoreHours: 107 } : one))
    const told = { kind: 'told', cpuBu: 100, gpuBu: 0, storageBu: null }
    expect(compare({ project: 'project_465000002', cpuBu: 99 }, later)).toMatchObject(told)
  })
  it('is not known yet when the data are of before its end', () => {
    expect(compare({ endedAtEpoch: epoch('2026-11-19 15:00:01') })).toEqual({ kind: 'too-early' })
  })
  it('tells nothing when the first data have some of the job in them, or nobody knows of when they are', () => {
    expect(compare({ startedAtEpoch: epoch('2026-11-19 11:59:59') })).toEqual(notTold)
    const undated = after.map((one) => ({ ...one, date: null }))
    expect(compare({}, undated)).toEqual(notTold)
    expect(compareAllocations(before, after, job, null)).toEqual(notTold)
    expect(compare({ project: 'project_465000009' })).toEqual(notTold)
  })
  it('tells nothing when it is far from the formula: somebody else’s jobs are in it, or this one is not', () => {
    expect(compare({ cpuBu: 40 })).toEqual(notTold)
    expect(compare({ cpuBu: 300 })).toEqual(notTold)
    expect(compare({ cpuBu: 0, gpuBu: 20 })).toEqual(notTold)
    expect(compare({ cpuBu: 60 })).toMatchObject({ kind: 'told', cpuBu: 100 })
    expect(compare({}, readAllocations(print('2026-11-19 15:00:00', '12000', '10', '55')))).toEqual(notTold)
  })
  it('tells nothing of a small job, where a formula is more exact than whole hours', () => {
    const little = readAllocations(print('2026-11-19 15:00:00', '12348', '10', '55'))
    expect(compare({ cpuBu: 2.6 }, little)).toEqual(notTold)
    expect(compare({ cpuBu: null, gpuBu: null }, little)).toMatchObject({ kind: 'told', cpuBu: 3, gpuBu: 0 })
    expect(compare({ cpuBu: null, gpuBu: null }, readAllocations(print('2026-11-19 15:00:00', '12345', '10', '56')))).toEqual(
      notTold
    )
  })
})
