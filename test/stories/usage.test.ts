import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { seffCommand } from '../support/seff-command.ts'
import { until } from '../support/until.ts'

/*
 * A person who wants to know what jobs cost: mahti tells what its projects have used, and in one partition has a price, by
 * which a core costs one unit a second. seff comes later.
 */
const zone = 'Europe/Helsinki'
const project = 'project_2001234'
let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
beforeAll(async () => {
  lautta = await startLauttaOnSlurm(() => ({
    preamble: ['export PATH=$PATH:/users/csc/tools'],
    'allocations-command': 'lumi-allocations',
    'time-zone': zone,
    billing: [{ partitions: ['small'], unit: 'cpu-bu', plus: [{ of: 'cores', each: 3600 }] }]
  }))
  orders = createOrderClient(lautta.ask)
  await mkdir(lautta.slurm.hostPath('/users/csc/tools'), { recursive: true })
})
afterAll(() => lautta?.stop())

const install = async (path: string, text: string): Promise<void> => {
  await writeFile(lautta.slurm.hostPath(path), text)
  await chmod(lautta.slurm.hostPath(path), 0o755)
}
const tell = (dated: Date, gpuHours: number) => {
  const date = new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(dated)
  const line = `${project} | 100/9000 (1%) core/hours | ${gpuHours}/9000 (1%) gpu/hours | 5/9 (50%) TB/hours`
  return install('/users/csc/tools/lumi-allocations', `#!/bin/sh\ncat <<'END'\nData updated: ${date}\n${line}\nEND\n`)
}
const script = (line: string, ...directives: string[]) =>
  `#!/bin/sh\n${directives.map((one) => `#SBATCH --${one}\n`).join('')}${line}\n`
const usageOf = async (id: string, client = orders) =>
  (await client.ask(`/v1/tables/usage?orchestration=${id}`)).json.items as Record<string, unknown>[]
const elapsedOf = async (id: string) => {
  const lines = (await orders.ask(`/v1/tables/sacct?orchestration=${id}`)).json.items as Record<string, number>[]
  return lines.filter((line) => line['job-step'] === null).reduce((sum, line) => sum + line['elapsed-seconds']!, 0)
}

describe('a job on a platform that tells what projects have used', () => {
  it('costs what its project used more', async () => {
    // Longest ago of all: whatever else runs for the project from then on would be in the difference.
    await tell(new Date(), 1000)
    const job = { script: script('until [ -e go ]; do sleep 0.2; done', 'partition=gpu', 'gres=gpu:2') }
    const id = await orders.start('mahti', [job])
    const path = `ARTIFACTS/ALLOCATIONS/${id}-mahti-0-1.json`
    await until(async () => (await lautta.ask(`/v1/objects/submitter/${path}`)).status === 200, 200)
    await tell(new Date(Date.now() + 3_600_000), 1700)
    await writeFile(lautta.slurm.hostPath('/users/csc/go'), '')
    await orders.untilStored(id)
    const [usage] = await usageOf(id)
    expect(usage).toMatchObject({
      ...{ 'gpu-bu': 700, 'cpu-bu': 0, 'storage-bu': 0, source: 'lumi-allocations', 'billed-project': project },
      'gpu-hours': ((await elapsedOf(id)) * 2) / 3600
    })
  })
})

describe('jobs on a platform with prices and without seff', () => {
  it('cost what they had reserved, arrays all of their tasks, and nothing is told without a price', async () => {
    const id = await orders.start('mahti', [
      { script: script('sleep 2', 'partition=small', 'cpus-per-task=2', 'mem=100M') },
      { script: script('sleep 1', 'partition=small', 'mem=50M'), array: '0-1' },
      { script: script('sleep 1', 'partition=medium') }
    ])
    await orders.untilStored(id)
    const [job, array, unpriced] = (await usageOf(id)).toSorted(
      (one, other) => Number(one['job-index']) - Number(other['job-index'])
    )
    const seconds = Number(job!['wall-clock-seconds'])
    expect(seconds).toBeGreaterThanOrEqual(2)
    expect(job).toMatchObject({
      ...{ source: 'formula', 'cpu-bu': 2 * seconds, 'gpu-bu': 0, 'storage-bu': null, 'billed-project': project },
      ...{ 'gpu-hours': 0, 'memory-allocated-bytes': 100 * 1024 ** 2, 'energy-joules': null, 'gpu-efficiency-percent': null }
    })
    expect(Number(array!['cpu-bu'])).toBeGreaterThanOrEqual(2)
    expect(Number(array!['cpu-bu'])).toBe(Number(array!['core-walltime-seconds']))
    expect(unpriced).toMatchObject({ 'cpu-bu': null, 'gpu-bu': null, 'billed-project': project, source: 'formula' })
  })
})

describe('a job on a platform with seff', () => {
  it('is told in the words of seff, and what seff does not say by our own arithmetic', async () => {
    await install('/users/csc/tools/seff', seffCommand)
    await writeFile(lautta.slurm.hostPath('/users/csc/.bashrc'), 'export PATH=$PATH:/users/csc/tools\n')
    const others = createOrderClient(lautta.askAsAdmin)
    const id = await others.start('puhti', [{ script: script('sleep 2', 'ntasks=2', 'mem=64M') }])
    await others.untilStored(id)
    const [usage] = await usageOf(id, others)
    const seconds = Number(usage!['wall-clock-seconds'])
    expect(usage).toMatchObject({
      ...{ source: 'seff', 'cpu-bu': 2 * seconds, 'gpu-bu': 0, 'billed-project': project, 'gpu-hours': 0 },
      ...{ 'core-walltime-seconds': 2 * seconds, 'memory-allocated-bytes': 64 * 1024 ** 2 }
    })
    // It prints whole seconds.
    expect(Number(usage!['cpu-utilized-seconds']) % 1).toBe(0)
  })
})
