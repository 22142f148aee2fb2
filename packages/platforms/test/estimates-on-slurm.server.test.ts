import { parseSlurmBytes } from '@lautta/core/accounting/slurm-size'
import { estimateJob } from '@lautta/core/billing/estimate-job'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { describeOnSlurm } from './describe-on-slurm.ts'
import { startTestSlurm, type TestSlurm } from './start-test-slurm.ts'

/** Of these SLURM reserves just what is estimated. */
const exact = [
  '-n3 -t 1:30',
  '-p medium -n6',
  '-p medium -N2 --ntasks-per-node=2',
  '-p medium -n3 -N2 -c2',
  '-N2 -n1',
  '-c2 --mem=1000M',
  '--mem-per-cpu=600 -c2',
  '-p medium -N2 --mem=0',
  '-p medium --mincpus=3',
  '-p gpu --exclusive',
  '-p gpu --exclusive=user',
  '-p gpu --gres=gpu:v100:2 -n2',
  '-p gpu -n2 --gpus-per-task=1',
  '-p gpu -G2 --cpus-per-gpu=2',
  '-p gpu --gpus=2 --mem-per-gpu=300',
  '-p gpu --gpus=2 --ntasks-per-gpu=1',
  '-p gpu --gpus=2 --gpus-per-task=1',
  '-p medium -N2 --mem=300 -n3'
]
/** Of these it may reserve less: in one of the versions, while other jobs are there, or on nodes that have no GPUs. */
const atMost = [
  '-p medium -N2 --exclusive',
  '-p medium -N2 --exclusive --mem=100',
  '-p medium --nodes=1-2',
  '-p medium -n3 --ntasks-per-node=2',
  '-p medium --nodes=1-2 -n1',
  '-p medium -n3 --mem=300',
  '--overcommit -n4'
]

describeOnSlurm('what is estimated for SLURM %s', (release) => {
  let under: TestSlurm
  beforeAll(async () => {
    under = await startTestSlurm(release)
  })
  afterAll(() => under?.stop())

  const submit = async (directives: string) => {
    const script = `#!/bin/sh\n#SBATCH ${directives}\ntrue\n`
    const { stdout, stderr } = await under.slurm.exec(['sbatch', '--parsable'], { stdin: script })
    expect(stdout.trim(), `${directives}: ${stderr}`).toMatch(/^\d+$/)
    return { directives, script, id: stdout.trim() }
  }
  /** What accounting says that a job had; null until it has ended. */
  const reservedBy = async (id: string) => {
    const argv = ['sacct', '-nXP', '-j', id, '-o', 'State,AllocTRES,TimelimitRaw']
    const [state = '', tres = '', minutes = ''] = (await under.slurm.exec(argv)).stdout.trim().split('|')
    const of = (name: string) => new RegExp(`(?:^|,)${name}=([^,]+)`).exec(tres)?.[1] ?? '0'
    // It may be told of the end before the beginning.
    if (!state.startsWith('COMPLETED') || minutes === '') return null
    return {
      nodes: Number(of('node')),
      cores: Number(of('cpu')),
      'memory-gib': (parseSlurmBytes(of('mem')) ?? 0) / 1024 ** 3,
      gpus: Number(of('gres/gpu')),
      hours: Number(minutes) / 60
    }
  }

  it('is what it reserves, and never less', async () => {
    const { partitions } = (await under.scheduler.findLimits())!
    const jobs = []
    for (const directives of [...exact, ...atMost]) jobs.push(await submit(directives))
    for (const { directives, script, id } of jobs) {
      const reserved = await until(() => reservedBy(id))
      const { estimate } = estimateJob({ script, options: {} }, { partitions, billing: [] })
      for (const [name, amount] of Object.entries(reserved)) {
        const estimated = Number(estimate?.[name as keyof typeof reserved])
        if (exact.includes(directives)) expect(estimated, `${name} of ${directives}`).toBeCloseTo(amount, 2)
        else expect(estimated, `${name} of ${directives}`).toBeGreaterThanOrEqual(amount - 0.01)
      }
    }
  })
})
