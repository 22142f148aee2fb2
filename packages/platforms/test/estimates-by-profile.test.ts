import { estimateJob } from '@lautta/core/billing/estimate-job'
import { describe, expect, it } from 'vitest'
import { shippedProfiles } from '../src/profiles/shipped-profiles.ts'

/** What a job with these directives would cost, by what a profile knows. */
function estimate(platform: string, ...directives: string[]) {
  const script = `#!/bin/bash\n${directives.map((line) => `#SBATCH ${line}\n`).join('')}srun work\n`
  const { estimate: found, complaints } = estimateJob({ script, options: {} }, shippedProfiles[platform]!)
  expect(complaints).toEqual([])
  return found!
}
const cpuUnits = (platform: string, ...directives: string[]) => estimate(platform, ...directives)['cpu-bu']
const gpuUnits = (platform: string, ...directives: string[]) => estimate(platform, ...directives)['gpu-bu']

describe('what scripts cost by the rules of their centre', () => {
  it('on Roihu: the larger of cores and memory, whole nodes, GPUs, and local disks besides', () => {
    expect(cpuUnits('roihu-cpu', '-p small -N1 -n1 -c4 --mem=16G -t 2:00:00')).toBe(12)
    expect(cpuUnits('roihu-cpu', '-p small -N1 -n1 -c4 --mem=32G -t 2:00:00')).toBe(24)
    expect(cpuUnits('roihu-cpu', '-p small -N1 -c4 --mem=16G -t 1:00:00 --gres=nvme:100')).toBe(8)
    expect(cpuUnits('roihu-cpu', '-p medium', '--nodes=2-4', '-t 1-02:00:00')).toBe(288 * 4 * 26)
    expect(cpuUnits('roihu-cpu', '-p hugemem -c2 --mem=500G -t 1:00:00')).toBe(125)
    expect(gpuUnits('roihu-gpu', '-p gpumedium --gpus=2 -t 5:00:00')).toBe(2000)
    expect(gpuUnits('roihu-gpu', '-p gpularge -N2 --gres=gpu:gh200:4,nvme:500 -t 1:00:00')).toBe(1600 + 20)
  })
  it('on Mahti: nodes, cores that bring memory, GPUs and slices of them', () => {
    expect(cpuUnits('mahti', '--partition=medium --nodes=10 --ntasks-per-node=128 --time=00:30:00')).toBe(500)
    expect(cpuUnits('mahti', '-p medium -n 256 -t 60')).toBe(200)
    expect(cpuUnits('mahti', '-p small -c 4 --mem=7G -t 10:00:00 --gres=nvme:100')).toBe(50)
    expect(gpuUnits('mahti', '-p gpusmall --gres=gpu:a100:2,nvme:100 -c 8 -t 2:00:00')).toBe(402)
    expect(gpuUnits('mahti', '-p gpusmall --gres=gpu:a100_1g.5gb:1 -t 2:00:00')).toBe(30)
  })
  it('on Puhti: cores, memory and local disk together, and GPUs in another unit', () => {
    expect(cpuUnits('puhti', '-p small -n 4 -N1 --mem-per-cpu=5G --gres=nvme:100 -t 10:00:00')).toBeCloseTo(66, 6)
    const found = estimate('puhti', '-p gpu -c 10 --mem=20G --gres=gpu:v100:1 -t 2:00:00')
    expect([found['cpu-bu'], found['gpu-bu']]).toEqual([0, 144])
  })
  it('on LUMI: nodes, or the largest share of a node', () => {
    expect(cpuUnits('lumi', '-p standard -N 3 -t 2:00:00')).toBe(768)
    expect(cpuUnits('lumi', '-p small -c 4 -N1 --mem=32G -t 1-00:00:00')).toBe(384)
    expect(gpuUnits('lumi', '-p small-g --gpus=1 -N1 --mem=128G -t 1-00:00:00')).toBe(24)
    expect(gpuUnits('lumi', '-p standard-g -N 2 --gpus-per-node=8 -t 12:00:00')).toBe(96)
  })
  it('tell what was reserved for memory above what the cores bring', () => {
    const found = estimate('mahti', '-p small -N1 -c 2 --mem=15G -t 1:00:00')
    expect(found).toMatchObject({ cores: 8, 'cpu-bu': 8, 'memory-gib': 15 })
    expect(found.warnings).toEqual(['its memory is more than 2 cores bring: 8 are reserved for it'])
  })
  it('tell what is beyond the limits of the partition', () => {
    expect(estimate('roihu-cpu', '-p small -N1 -c 400 --mem=2000G -t 73:00:00').warnings).toEqual([
      '--time=73:00:00 is too long: partition small allows 3-00:00:00; it would fit into longrun, hugemem_longrun',
      '400 cores are too many: partition small gives this job at most 384',
      '2000 GiB of memory are too many: partition small gives this job at most 1500'
    ])
  })
  it('are not known of partitions without a formula', () => {
    const found = estimate('lumi', '-p debug -N1 -t 10')
    expect([found['cpu-bu'], found['gpu-bu'], found.formula, found.nodes]).toEqual([null, null, null, 1])
    expect(found.warnings).toEqual([
      'there is no billing formula for partition debug: those with a formula are standard, small, standard-g, small-g, dev-g'
    ])
  })
})
