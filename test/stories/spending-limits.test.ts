import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { asJson } from '../support/rest-client.ts'

// One unit for a minute of a core: mahti is the test SLURM with a price.
const billing = [{ partitions: ['small', 'medium'], unit: 'cpu-bu', plus: [{ of: 'cores', each: 60 }] }]

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
beforeAll(async () => {
  lautta = await startLauttaOnSlurm(() => ({ billing }))
  orders = createOrderClient(lautta.ask)
})
afterAll(() => lautta?.stop())

const script = (minutes: number, command = 'echo ran') => `#!/bin/sh\n#SBATCH -p small -t ${minutes}\n${command}\n`
const start = async (limit: object, jobs: readonly object[], platform = 'mahti'): Promise<string> => {
  const order = { name: 'story', limit, platforms: { [platform]: { jobs } } }
  const { status, json, text } = await lautta.ask('/v1/orchestrations?start=true', asJson(order))
  expect(status, text).toBe(202)
  return json.id
}
/** All that SLURM ever heard of, also what has ended. */
const jobsOfSlurm = async () => {
  const { stdout } = await lautta.slurm.exec([
    'sh',
    '-c',
    '{ squeue -h -t all -o %i; sacct -nXo JobID -S now-1days -E now+1days; } | sort -u'
  ])
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line, at, all) => line !== '' && all.indexOf(line) === at)
}
const triesOf = (id: string) => lautta.objectFile('sub-air', `MANAGEMENT/${id}/TRIES`)
const jobsOf = async (id: string, platform = 'mahti') => (await orders.untilStored(id)).platforms[platform].jobs

describe('an order with a limit', () => {
  it('runs within it, and tells what each job may cost', async () => {
    const id = await start({ 'cpu-bu': 4 }, [{ script: script(2) }, { script: script(2) }])
    const { limit, outcome, platforms } = await orders.untilStored(id)
    expect([limit, outcome]).toEqual([{ 'cpu-bu': 4 }, 'completed'])
    expect(platforms.mahti.jobs).toMatchObject(
      [0, 1].map(() => ({ estimate: { 'cpu-bu': 2, 'gpu-bu': 0 }, outcome: 'completed' }))
    )
  })
  it('fails before sbatch what would go beyond, by a script there as by one of its own', async () => {
    const sent = await lautta.slurm.exec(['sh', '-c', 'cat >dear.sh'], { stdin: '#!/bin/sh\n#SBATCH --time=1:00:00 -p medium\n' })
    expect(sent.exitCode).toBe(0)
    const before = await jobsOfSlurm()
    const id = await start({ 'cpu-bu': 59 }, [
      { path: '/users/csc/dear.sh' },
      { script: script(60) },
      { script: script(1), array: '1-60' }
    ])
    const reason = "it may cost 60 CPU BU: more than the order's limit of 59 (limit.cpu-bu)"
    expect(await jobsOf(id)).toMatchObject([0, 1, 2].map(() => ({ outcome: 'failed', id: 'None', reason })))
    expect([existsSync(triesOf(id)), await jobsOfSlurm()]).toEqual([false, before])
  })
  it('goes on with its sum under another submitter, and counts retries', async () => {
    const before = await jobsOfSlurm()
    const id = await start({ 'cpu-bu': 7 }, [
      { script: script(3, 'while [ ! -e go ]; do sleep 0.1; done; exit 1'), retries: { failed: 2 } },
      { script: script(2), needs: [{ job: 'job:0', outcomes: ['failed'] }] }
    ])
    await orders.untilJob(id, 'mahti', ({ state }) => state === 'running')
    await lautta.services.submitter.end('SIGKILL')
    await lautta.start('submitter')
    await lautta.slurm.exec(['touch', 'go'])
    const [first, second] = await jobsOf(id)
    // Two attempts are 6 units; a third would make 9, and the other job 8.
    const beyond = (own: number, sum: number) =>
      `it may cost ${own} CPU BU; with 6 of the order's other submissions there, ${sum}: more than the order's limit of 7 (limit.cpu-bu)`
    expect(first).toMatchObject({ outcome: 'failed', attempt: 3, id: 'None', reason: beyond(3, 9) })
    expect(second).toMatchObject({ outcome: 'failed', id: 'None', reason: beyond(2, 8) })
    expect((await jobsOfSlurm()).length - before.length).toBe(2)
  })
  it('goes by what the platform says of its partitions, where the script is silent', async () => {
    const silent = '#!/bin/sh\ntrue\n'
    const id = await start({ 'cpu-bu': 5 }, [{ script: silent }])
    expect(await jobsOf(id)).toMatchObject([{ outcome: 'completed', estimate: { 'cpu-bu': 5, 'gpu-bu': 0 } }])
    // What it said then is known also to who asks for an estimate, though nobody asks the platform.
    const { json } = await lautta.ask('/v1/platforms/mahti/estimate', asJson({ script: silent }))
    expect(json).toMatchObject({ partition: 'small', 'memory-gib': 0.25, hours: 5 / 60, 'cpu-bu': 5 })
    expect((await lautta.askAsAdmin('/v1/platforms/mahti/estimate', asJson({ script: silent }))).json['cpu-bu']).toBeNull()
  })
  it('is refused where no price is known, without a credential and without a word to the platform', async () => {
    const [job] = await jobsOf(await start({ 'gpu-bu': 5 }, [{ script: script(1) }], 'lumi'), 'lumi')
    expect(job).toMatchObject({ outcome: 'failed', id: 'None' })
    expect(job.reason).toBe(
      "the order has a limit, and what this job may cost can't be told: no billing formula is known for this platform, so nobody here can tell what the job costs"
    )
    const [unread] = await jobsOf(await start({ 'gpu-bu': 5 }, [{ script: '#!/bin/sh\n#SBATCH -N x\n' }]))
    expect(unread.reason).toMatch(/can't be told: line 2: --nodes=x can't be read/)
  })
})

describe('a dry run', () => {
  it('tells what each job may cost, and what the limit would do', async () => {
    const jobs = [
      { script: script(2) },
      { script: script(3), array: '0-1' },
      { script: script(1), options: { partition: 'test' } }
    ]
    const order = { name: 'story', limit: { 'cpu-bu': 7 }, platforms: { mahti: { jobs } } }
    const { json } = await lautta.ask('/v1/orchestrations?dry-run=true', asJson(order))
    expect(json.platforms.mahti.jobs).toMatchObject([
      { accepted: true, estimate: { partition: 'small', cores: 1, 'cpu-bu': 2, formula: '60·cores CPU BU an hour' } },
      { accepted: true, estimate: { tasks: 2, 'cpu-bu': 6 } },
      { accepted: true, estimate: { 'cpu-bu': null, warnings: [expect.stringContaining('partition test')] } }
    ])
    expect(json.warnings).toEqual([
      'platforms.mahti.jobs[2]: what it may cost is not known, so with a limit it fails before sbatch',
      'platforms.mahti: its jobs may cost 8 CPU BU together, and the limit is 7: those that would go beyond it fail before sbatch'
    ])
  })
})
