import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { billRuns } from '../src/billing/bill-runs.ts'
import { billingFormulaSchema } from '../src/billing/billing-formula.ts'
import { estimateJob } from '../src/billing/estimate-job.ts'
import { partitionSchema } from '../src/platform/partition.ts'
import { recordOf } from './record-of.ts'

const gib = 1024 ** 3
const partitions = [
  { name: 'small', nodes: 10, 'max-nodes': 4, 'cores-per-node': 64, 'gpus-per-node': 4, 'memory-per-core-bytes': 2 * gib },
  { name: 'alone', 'whole-nodes': true, 'cores-per-node': 64, 'gpus-per-node': 4, 'default-memory-per-node-bytes': 256 * gib },
  { name: 'threads', nodes: 2, 'cores-per-node': 64, 'gpus-per-node': 0, 'threads-per-core': 2 },
  { name: 'cores', nodes: 2, 'cores-per-node': 64, 'gpus-per-node': 0, 'threads-per-core': 2 },
  { name: 'nodes', 'cores-per-node': 64, 'min-nodes': 2 }
].map((one) => partitionSchema.parse(one))
const shares = ['cores', 'memory-gib', 'gpus', 'gpu-slices', 'storage-gib'].map((of) => ({ of, each: 1 }))
const billing = [
  { partitions: ['small', 'alone', 'threads'], unit: 'cpu-bu', plus: shares },
  { partitions: ['cores'], unit: 'cpu-bu', 'threads-per-core': 2, plus: shares },
  { partitions: ['nodes'], unit: 'cpu-bu', plus: [{ of: 'nodes', each: 100 }, ...shares] }
].map((one) => billingFormulaSchema.parse(one))

const estimate = (directives: string) =>
  estimateJob({ script: `#!/bin/sh\n#SBATCH -t 60 ${directives}\n`, options: {} }, { partitions, billing }).estimate!
const bill = (partition: string, allocTres: string) =>
  billRuns(billing, [recordOf({ partition, allocTres, elapsedSeconds: 3600 })]).cpuBu

describe('what a job was estimated to cost is no less than its bill', () => {
  // What SLURM may give it at the most: exact, the bill is the estimate.
  it.each([
    ['small', '-n4 --mem=8G', 'cpu=16,mem=32G,node=4'],
    ['small', '-n4 --gres=gpu:1,nvme:10 --mem=1G', 'cpu=4,mem=4G,node=4,gres/gpu=4,gres/nvme=40'],
    ['small', '-n4 -N1 --mem=8G', 'cpu=4,mem=8G,node=1'],
    ['small', '-w n[1-3] --mem=2G', 'cpu=3,mem=6G,node=3'],
    ['small', '-N3 -w a[01-02,7]-ib,b --mem=2G', 'cpu=4,mem=8G,node=4'],
    ['small', '-n2 -c2 --mem-per-cpu=3G', 'cpu=8,mem=12G,node=1'],
    ['small', '-N2 -n2 --mem=3G', 'cpu=4,mem=6G,node=2'],
    ['small', '--gpus=4 --gpus-per-task=2 -c10 --mem-per-cpu=1G', 'cpu=20,mem=20G,node=1,gres/gpu=4'],
    ['small', '--gpus-per-node=2 --gpus-per-task=1 -N2 -c10 --mem-per-cpu=1G', 'cpu=40,mem=40G,node=2,gres/gpu=4'],
    ['small', '--gres=gpu:h100_1g.10gb.me:2 --mem=1G', 'cpu=1,mem=1G,node=1,gres/gpu:h100_1g.10gb.me=2,gres/gpu=2'],
    ['alone', '-n1 --mem=1G', 'cpu=64,mem=1G,node=1,gres/gpu=4'],
    ['alone', '-n65', 'cpu=128,mem=512G,node=2,gres/gpu=8'],
    ['threads', '-c3 --mem=1G', 'cpu=4,mem=1G,node=1'],
    ['threads', '-c3 --mem-per-cpu=1G', 'cpu=4,mem=4G,node=1'],
    ['threads', '-c3 --mem=1G --hint=nomultithread', 'cpu=6,mem=1G,node=1'],
    ['threads', '--exclusive --mem=1G', 'cpu=128,mem=1G,node=1'],
    ['cores', '-c4 --mem=1G', 'cpu=8,mem=1G,node=1'],
    ['cores', '-c4 --exclusive --mem=1G', 'cpu=128,mem=1G,node=1']
  ])('in %s: %s', (partition, directives, given) => {
    expect(estimate(`-p ${partition} ${directives}`)['cpu-bu']).toBeCloseTo(Number(bill(partition, given)), 6)
  })
  it('and is just its bill when it gets what was estimated, whatever that is', () => {
    const counts = fc.integer({ min: 1, max: 60 })
    const options = ['ntasks', 'nodes', 'ntasks-per-node', 'cpus-per-task', 'gpus', 'gpus-per-node', 'gpus-per-task', 'mem']
    const asked = fc.array(fc.tuple(fc.constantFrom(...options), counts), { maxLength: 5 })
    fc.assert(
      fc.property(fc.constantFrom('small', 'alone', 'threads', 'cores', 'nodes'), asked, (partition, asking) => {
        const found = estimate(`-p ${partition} ${asking.map(([name, count]) => `--${name}=${count}`).join(' ')}`)
        const cpus = Number(found.cores) * (partition === 'cores' ? 2 : 1)
        const tres = `cpu=${cpus},mem=${Number(found['memory-gib']) * 1024}M,node=${found.nodes},gres/gpu=${found.gpus}`
        expect(Number(bill(partition, tres))).toBeCloseTo(Number(found['cpu-bu']), 3)
      })
    )
  })
})
