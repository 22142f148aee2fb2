import { type AccountingRecord, nothingRecorded } from '@lautta/core/accounting/accounting-record'
import { billRuns } from '@lautta/core/billing/bill-runs'
import { describe, expect, it } from 'vitest'
import { shippedProfiles } from '../src/profiles/shipped-profiles.ts'

const hour = 3600

/** What a job cost by its line of accounting. */
const bill = (platform: string, partition: string, allocTres: string, elapsedSeconds: number) => {
  const record: AccountingRecord = { ...nothingRecorded, jobId: '1', partition, allocTres, elapsedSeconds }
  return billRuns(shippedProfiles[platform]!.billing, [record])
}
const cpuBu = (...job: Parameters<typeof bill>) => bill(...job).cpuBu
const gpuBu = (...job: Parameters<typeof bill>) => bill(...job).gpuBu

describe('the examples of the centres, from accounting to billing units', () => {
  it('hold on Roihu', () => {
    expect(bill('roihu-cpu', 'small', 'billing=4,cpu=4,mem=16G,node=1', 2 * hour)).toEqual({ cpuBu: 12, gpuBu: 0 })
    expect(bill('roihu-gpu', 'gpumedium', 'cpu=144,gres/gpu=2,mem=434G,node=1', 5 * hour)).toEqual({ cpuBu: 0, gpuBu: 2000 })
    expect(cpuBu('roihu-cpu', 'small', 'cpu=4,gres/nvme=100,mem=16G,node=1', 2 * hour)).toBeCloseTo(16, 10)
    expect(cpuBu('roihu-cpu', 'hugemem', 'cpu=1,mem=1024G,node=1', hour)).toBe(256)
    expect(cpuBu('roihu-cpu', 'large', 'cpu=2304,mem=4464G,node=6', hour)).toBe(1728)
  })
  it('hold on LUMI, where SLURM counts two threads of each core', () => {
    expect(cpuBu('lumi', 'small', 'billing=8,cpu=8,mem=32G,node=1', 24 * hour)).toBe(384)
    expect(cpuBu('lumi', 'small', 'cpu=8,mem=4G,node=1', hour)).toBe(4)
    expect(gpuBu('lumi', 'small-g', 'cpu=14,gres/gpu=1,mem=128G,node=1', 24 * hour)).toBe(24)
    expect(gpuBu('lumi', 'dev-g', 'cpu=16,gres/gpu=1,mem=60G,node=1', hour)).toBe(0.5)
    expect(cpuBu('lumi', 'standard', 'cpu=256,mem=224G,node=1', hour)).toBe(128)
    expect(gpuBu('lumi', 'standard-g', 'cpu=112,gres/gpu=8,mem=480G,node=1', hour)).toBe(4)
    expect(bill('lumi', 'largemem', 'cpu=2,mem=1T,node=1', hour)).toEqual({ cpuBu: null, gpuBu: null })
  })
  it('hold on Mahti and Puhti', () => {
    // What seff printed of such a job: 22.72.
    expect(cpuBu('mahti', 'medium', 'cpu=512,mem=20G,node=2', 409)).toBeCloseTo(22.72, 2)
    expect(cpuBu('mahti', 'small', 'cpu=8,mem=15G,node=1', 2 * hour)).toBe(8)
    expect(gpuBu('mahti', 'gpusmall', 'cpu=32,gres/gpu:a100_1g.5gb=1,gres/gpu=1,mem=15G,node=1', 2 * hour)).toBe(30)
    expect(gpuBu('mahti', 'gpumedium', 'cpu=256,gres/gpu:a100=4,gres/gpu=4,mem=480G,node=1', hour)).toBe(400)
    expect(gpuBu('puhti', 'gpu', 'cpu=10,gres/gpu:v100=1,mem=80G,node=1', hour)).toBe(78)
    expect(cpuBu('puhti', 'small', 'cpu=40,gres/nvme=1000,mem=100G,node=1', hour)).toBeCloseTo(56, 10)
  })
})
