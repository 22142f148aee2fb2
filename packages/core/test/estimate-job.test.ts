import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { billingFormulaSchema } from '../src/billing/billing-formula.ts'
import { type Estimate, estimateJob } from '../src/billing/estimate-job.ts'
import { partitionSchema } from '../src/platform/partition.ts'

const partitions = [
  {
    ...{ name: 'small', 'is-default': true, 'time-limit-seconds': 72 * 3600, 'default-time-seconds': 3600 },
    ...{ 'cores-per-node': 40, 'gpus-per-node': 4, 'default-memory-per-core-bytes': 2 * 1024 ** 3 }
  },
  { name: 'nodes', 'time-limit-seconds': 36 * 3600, 'cores-per-node': 40, 'min-nodes': 2 },
  { name: 'blank' },
  { name: 'free', 'time-limit-seconds': 60 }
].map((one) => partitionSchema.parse(one))
const shares = ['cores', 'memory-gib', 'gpus', 'gpu-slices', 'storage-gib'].map((of) => ({ of, each: 1 }))
const billing = [
  { partitions: ['small', 'blank'], unit: 'cpu-bu', plus: shares },
  { partitions: ['nodes'], unit: 'gpu-bu', plus: [{ of: 'nodes', each: 100 }] }
].map((one) => billingFormulaSchema.parse(one))
const known = { partitions, billing }

const read = (...directives: string[]) =>
  estimateJob({ script: `#!/bin/sh\n${directives.map((one) => `#SBATCH ${one}\n`).join('')}`, options: {} }, known)
const estimate = (...directives: string[]): Estimate => {
  const { estimate: found, complaints } = read(...directives)
  expect(complaints).toEqual([])
  return found!
}
const complaintsAbout = (...directives: string[]) => read(...directives).complaints.map(({ message }) => message)

describe('an estimate', () => {
  it.each([
    ['-N2 -n8', { nodes: 2, cores: 8 }],
    ['--nodes=2-4', { nodes: 4, cores: 4 }],
    ['-N3 -n1', { nodes: 1, cores: 1 }],
    ['-n3 --ntasks-per-node=2', { nodes: 2, cores: 4 }],
    ['-N2 --ntasks-per-node=3 -c2', { nodes: 2, cores: 12 }],
    ['-n 100', { nodes: 3, cores: 100 }],
    ['--nodes=2,4', { nodes: 4 }],
    ['-n3 --part=small', { cores: 3 }],
    ['-n2 --gpus-per-task=2', { gpus: 4, nodes: 1 }],
    ['-G v100:8', { gpus: 8, nodes: 2 }],
    ['--gpus=2 --cpus-per-gpu=6', { gpus: 2, cores: 12 }],
    ['--gpus-per-node=a100:4 -N2', { gpus: 8 }],
    ['--gres=gpu', { gpus: 1, 'storage-gib': 0 }],
    ['-N2 --gres=gpu:a100:2,nvme:100', { gpus: 4, 'storage-gib': 200 }],
    ['--gres=nvme:1k,gpu:a100_1g.5gb:3', { gpus: 0, 'gpu-slices': 3, 'storage-gib': 1024 }],
    ['--mem=3000 -N2', { 'memory-gib': 5.859375 }],
    ['--mem-per-cpu=2G -n4 -c2', { 'memory-gib': 16 }],
    ['--mem-per-gpu=10GB --gpus=2', { 'memory-gib': 20 }],
    ['-n2', { 'memory-gib': 4 }],
    ['--exclusive -N2', { cores: 80, gpus: 8, 'memory-gib': 160 }],
    ['--exclusive=user', { cores: 1, gpus: 0 }],
    ['--time=1-02:03:04', { hours: 26 + 4 / 60 }],
    ['-t 90', { hours: 1.5 }],
    ['-t 0:30', { hours: 1 / 60 }],
    ['-t UNLIMITED', { hours: 72 }],
    ['--array=1-10%2', { tasks: 10 }],
    ['-p nodes', { nodes: 2, cores: 80 }]
  ])('reads %s as sbatch does', (directive, expected) => {
    expect(estimate(directive)).toMatchObject(expected)
  })

  it('tells what was not asked for, and what it was taken to be', () => {
    expect(estimate().assumed).toEqual([
      'partition small, the default one: none is asked for',
      'one task: --ntasks and --nodes are not asked for',
      'one core for each task: --cpus-per-task is not asked for',
      'one node: --nodes is not asked for',
      '2048M of memory for each core: none is asked for',
      "1 hours, the partition's default: no --time is asked for"
    ])
    expect(estimate('-p nodes').assumed).toContain("36 hours, the partition's limit: no --time is asked for")
    expect(estimate('-p small -N1 -n1 -c1 --mem=1G -t 1').assumed).toEqual([])
  })
  it('of several partitions is that of the dearest, and tells all', () => {
    const found = estimate('-p small,nodes -N2 -n2 --mem=1G -t 60')
    expect(found).toMatchObject({ partition: 'nodes', 'cpu-bu': 4, 'gpu-bu': 200 })
    expect(found.partitions).toMatchObject([
      { partition: 'small', 'cpu-bu': 4, 'gpu-bu': 0 },
      { partition: 'nodes', 'cpu-bu': 0, 'gpu-bu': 200 }
    ])
  })
  it('is not known when one of its partitions, or what decides, is not', () => {
    expect(estimate('-p small,free -t 1')).toMatchObject({ 'cpu-bu': null, 'gpu-bu': null })
    expect(estimate('-p blank --exclusive -t 1').warnings).toContainEqual(expect.stringContaining('cores, gpus'))
    expect(estimate('-p blank')).toMatchObject({ hours: null, 'cpu-bu': null })
    expect(estimate('--gpus-per-socket=2').warnings).toContainEqual(expect.stringContaining('--gpus-per-socket'))
    const nothing = estimateJob({ script: '', options: {} }, { partitions: [], billing: [] }).estimate
    expect(nothing).toMatchObject({ partition: null, 'cpu-bu': null, warnings: [expect.stringContaining('no billing formula')] })
  })
  it('of a partition that is not there names those that are', () => {
    expect(estimate('-p smal -t 1').warnings).toEqual([
      'there is no billing formula for partition smal: those with a formula are small, blank, nodes',
      'there is no partition smal on this platform; its partitions are small, nodes, blank, free'
    ])
  })
  it('goes by the options beside the script, and by the job’s own array', () => {
    const script = '#!/bin/sh\n#SBATCH -n4 --array=1-3\n#SBATCH -t 10\n'
    const { estimate: found } = estimateJob({ script, options: { ntasks: 2, mem: '1G', time: '60' }, array: '0-4' }, known)
    expect(found).toMatchObject({ cores: 2, hours: 1, tasks: 5, 'cpu-bu': 15 })
  })
  it('says which options are not known here', () => {
    expect(estimate('--site-thing=1').warnings).toEqual(['line 2: --site-thing is not known here, and counts for nothing'])
  })
})

describe('what can not be read', () => {
  it.each([
    ['--nodes=abc', "line 2: --nodes=abc can't be read: write a number, or a range like 2-4"],
    ['-n 0', "line 2: --ntasks=0 can't be read: write a number from 1 on"],
    ['--mem=1.5G', "line 2: --mem=1.5G can't be read: write whole megabytes, or a size such as 10G"],
    ['-t soon', "line 2: --time=soon can't be read: write minutes, hours:minutes:seconds or days-hours:minutes:seconds"],
    ['--gres=gpu:a:b:c', expect.stringContaining("line 2: --gres=gpu:a:b:c can't be read")],
    ['--gpus', expect.stringContaining('line 2: --gpus has no value')],
    ['--array=x', expect.stringContaining("line 2: --array=x can't be read")],
    ['--mem-per=5', 'line 2: --mem-per may be mem-per-cpu or mem-per-gpu'],
    ['--comment="a b', 'line 2: a quotation mark has no second one'],
    ['64 -n2', 'line 2: 64 is no option: those begin with - or --'],
    ['hetjob', expect.stringContaining('several parts')]
  ])('%s is told by its line', (directive, message) => {
    expect(complaintsAbout(directive)).toEqual([message])
  })
  it('are directives of other systems, which sbatch reads as well unless it is told not to', () => {
    const pbs = '#!/bin/sh\n#SBATCH -p small -t 1\n#PBS -l nodes=7,walltime=10:00:00\n#BSUB -n 7\n'
    const complaintsOf = (options: Record<string, true>) => estimateJob({ script: pbs, options }, known).complaints
    expect(complaintsOf({}).map(({ message }) => message.slice(0, 30))).toEqual([
      'line 3: sbatch reads #PBS line',
      'line 4: sbatch reads #BSUB lin'
    ])
    expect(complaintsOf({ 'ignore-pbs': true })).toEqual([])
  })
  it.each([
    ['--gres', `gpu:${'a'.repeat(300_000)}!`],
    ['--partition', Array.from({ length: 60_000 }, (_none, at) => at.toString(36)).join()],
    ['--nodelist', `n${'[1-99999]'.repeat(30_000)}`],
    ['--time', '9'.repeat(400)],
    ['--nodes', `1${',1'.repeat(190_000)}`]
  ])('is a %s that is endless, and takes no time', { timeout: 2000 }, (name, value) => {
    expect(complaintsAbout(`${name}=${value}`)).toEqual([expect.stringContaining("can't be read")])
  })
  it('is told a hundred times at the most', () => {
    expect(complaintsAbout('--c '.repeat(500))).toHaveLength(100)
    expect(estimate('--x '.repeat(500)).warnings).toHaveLength(100)
  })
  it('is told all at once, of an option by its field', () => {
    const script = '#!/bin/sh\n#SBATCH -t 1\n#SBATCH -N x\r\n'
    const { complaints } = estimateJob({ script, options: { 'cpus-per-task': 'many' } }, known)
    expect(complaints.map(({ path }) => path)).toEqual(['script', 'script', 'options.cpus-per-task'])
    expect(complaints.map(({ message }) => message.slice(0, 30))).toEqual([
      'line 3: it ends as lines do in',
      "line 3: --nodes=x can't be rea",
      "--cpus-per-task=many can't be "
    ])
  })
})

describe('whatever is asked for', () => {
  const counts = fc.integer({ min: 1, max: 60 })
  const orNone = (option: string) => fc.option(counts).map((count) => (count === null ? [] : [`--${option}=${count}`]))
  const asking = fc
    .tuple(
      fc.constantFrom('small', 'nodes', 'small,nodes'),
      fc.array(
        fc.oneof(...['ntasks', 'ntasks-per-node', 'cpus-per-task', 'gpus', 'gpus-per-node', 'gpus-per-task', 'mem'].map(orNone)),
        { maxLength: 5 }
      ),
      fc.boolean()
    )
    .map(([partition, options, isExclusive]) => [`-p ${partition}`, ...options.flat(), ...(isExclusive ? ['--exclusive'] : [])])
  const unitsOf = (...directives: string[]) => {
    const { 'cpu-bu': cpu, 'gpu-bu': gpu } = estimate(...directives)
    return [Number(cpu), Number(gpu)] as const
  }

  it('it costs nothing less than nothing, and no less for more nodes or a longer time', () => {
    fc.assert(
      fc.property(asking, counts, counts, fc.boolean(), (directives, one, other, isTime) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)]
        const of = (count: number) =>
          isTime ? unitsOf(...directives, `-t ${count}`) : unitsOf(...directives, '-t 60', `-N ${count}`)
        const [few, many] = [of(less), of(more)]
        for (const at of [0, 1] as const) {
          expect(few[at]).toBeGreaterThanOrEqual(0)
          expect(many[at]).toBeGreaterThanOrEqual(few[at])
        }
      })
    )
  })
  it('an array of n tasks costs n times one', () => {
    fc.assert(
      fc.property(asking, counts, (directives, tasks) => {
        const one = unitsOf(...directives, '-t 60')
        const all = unitsOf(...directives, '-t 60', `--array=1-${tasks}`)
        for (const at of [0, 1] as const) expect(all[at]).toBeCloseTo(one[at] * tasks, 3)
      })
    )
  })
})
