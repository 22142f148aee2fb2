import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { type Ask, asJson } from '../support/rest-client.ts'
import { until } from '../support/until.ts'

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
let adminOrders: ReturnType<typeof createOrderClient>
beforeAll(async () => {
  lautta = await startLauttaOnSlurm(() => ({ account: 'project_of_others' }))
  orders = createOrderClient(lautta.ask)
  adminOrders = createOrderClient(lautta.askAsAdmin)
  // On a Redis that has just begun, the submitter waits until no former one can hold a lease.
  await until(() => probe('puhti'))
})
afterAll(() => lautta?.stop())

const script = '#!/bin/sh\necho ran\n'
const probe = async (platform: string) => (await lautta.ask(`/v1/platforms/${platform}?probe=true`)).json.probe
const set = (ask: Ask, verb: 'pause' | 'resume', body: object) => ask(`/v1/platforms/puhti/${verb}`, asJson(body))
const dryRun = async (platforms: object) =>
  (await lautta.ask('/v1/orchestrations?dry-run=true', asJson({ name: 'story', platforms }))).json
/** Starts orders until the submitter knows of the pause; answers the first that waits. */
const startHeld = (client: typeof orders, by: string) =>
  until(async () => {
    const id = await client.start('puhti', [{ script }])
    const { waiting } = await client.untilJob(id, 'puhti', (job) => job.waiting === 'platform' || job.status.submit)
    const words = `waiting: platform: paused by ${by}`
    return waiting === 'platform' && (await client.events(id)).some(({ reason }) => reason === words) ? id : null
  })
/** All that SLURM ever heard of, also what has ended. */
const jobsOfSlurm = async () => {
  const { stdout } = await lautta.slurm.exec(['sh', '-c', 'squeue -h -t all; sacct -n -S now-1days -E now+1days'])
  return stdout
}

describe('a probe', () => {
  it('tells every step to the accounts that may be billed', async () => {
    const found = await probe('puhti')
    expect(found.ok).toBe(true)
    expect(found.steps.map(({ step }: { step: string }) => step)).toEqual([
      ...['name', 'tcp', 'host-key', 'login', 'shell', 'slurm', 'account']
    ])
    expect(found.steps.at(-2).detail).toMatch(/^slurm-wlm [\d.]+, Slurmctld\(primary\) at .* is UP$/)
    expect(found.steps.at(-1).detail).toBe('project_2001234')
  })
  it('ends at the account when it is not one of the user’s, with those that are', async () => {
    const { ok, steps } = await probe('mahti')
    expect([ok, steps.length]).toEqual([false, 7])
    expect(steps.at(-1)).toMatchObject({ step: 'account', ok: false })
    expect(steps.at(-1).detail).toMatch(/may not bill project_of_others, but project_2001234 \(/)
  })
  it('ends at TCP when the host is down, and at the login without a credential', async () => {
    const down = await probe('atlas')
    expect([down.ok, down.steps.at(-1).step]).toEqual([false, 'tcp'])
    expect((await probe('lumi')).steps).toMatchObject([{ step: 'login', ok: false, detail: /no credential for lumi/ }])
  })
})

describe('a dry run', () => {
  it('answers with the words of SLURM for each job, and submits nothing', async () => {
    await lautta.slurm.exec(['sh', '-c', 'cat >there.sh'], { stdin: '#!/bin/sh\n#SBATCH --partition=nope\n' })
    const before = await jobsOfSlurm()
    const { valid, platforms } = await dryRun({
      puhti: {
        jobs: [
          { script, options: { partition: 'small', ntasks: 2 } },
          { script, options: { partition: 'test', time: '02:00:00' } },
          { path: '/users/csc/there.sh' },
          { path: '/users/csc/missing.sh' }
        ]
      },
      mahti: { jobs: [{ script }] },
      atlas: { jobs: [{ script }] },
      lumi: { jobs: [{ script }] }
    })
    const { puhti, mahti, atlas, lumi } = platforms
    expect(valid).toBe(true)
    expect(puhti.jobs).toMatchObject([
      { index: 0, accepted: true },
      { index: 1, accepted: false },
      { index: 2, accepted: false },
      { index: 3, accepted: false }
    ])
    expect(puhti.jobs[0].detail).toMatch(/^Job \d+ to start at .* using 2 processors on nodes \S+ in partition small$/)
    expect(puhti.jobs[1].detail).toMatch(/^--time=02:00:00 is too long: partition test allows 00:15:00\. SLURM: /)
    expect(puhti.jobs[1].hint).toBe('it would fit into small, medium, gpu')
    expect(puhti.jobs[2].detail).toMatch(/^there is no partition nope on this platform\. SLURM: /)
    expect(puhti.jobs[2].hint).toBe('its partitions are small, medium, test, gpu, spare')
    expect(puhti.jobs[3].detail).toMatch(/missing\.sh: No such file/)
    expect(mahti.jobs).toMatchObject([{ accepted: false, hint: expect.stringContaining('--account') }])
    expect([atlas.jobs, lumi.jobs]).toEqual([[], []])
    expect(lumi.detail).toMatch(/no credential for lumi/)
    expect(await jobsOfSlurm()).toBe(before)
    expect((await lautta.ask('/v1/orchestrations')).json.items).toEqual([])
  })
})

describe('the partitions of a platform', () => {
  it('are those of SLURM, with the user’s own limits', async () => {
    const { status, json } = await lautta.ask('/v1/platforms/puhti/partitions')
    expect([status, json['max-array-size'], json.detail]).toEqual([200, 1001, undefined])
    expect(json.associations).toMatchObject([{ account: 'project_2001234' }])
    expect(json.items.map(({ name }: { name: string }) => name)).toEqual(['small', 'medium', 'test', 'gpu', 'spare'])
    const limits = { 'time-limit-seconds': 900, nodes: 1, 'cores-per-node': 4, 'memory-per-node-bytes': 4 * 1024 ** 3 }
    expect(json.items[2]).toMatchObject({ name: 'test', source: 'platform', state: 'UP', ...limits })
  })
  it('are those of the profile for who has no credential, with the reason', async () => {
    const { status, json } = await lautta.ask('/v1/platforms/roihu-cpu/partitions')
    expect([status, json['read-at']]).toEqual([200, '2026-08'])
    expect(json.detail).toMatch(/no credential for roihu-cpu/)
    expect(json.items[0]).toMatchObject({ name: 'test', source: 'profile', 'max-nodes': 2 })
  })
  it('bound what is submitted: what asks for more is told before sbatch', async () => {
    const before = await jobsOfSlurm()
    const id = await orders.start('puhti', [
      { script, options: { partition: 'nope' } },
      { script: '#!/bin/sh\n#SBATCH --nodes=3\n', options: { partition: 'medium' } },
      { script, options: { partition: 'test', time: '02:00:00' } }
    ])
    const found = (await orders.untilStored(id)).platforms.puhti.jobs
    expect(found.map(({ outcome, id: job }: { outcome: string; id: string }) => [outcome, job])).toEqual(
      found.map(() => ['failed', 'None'])
    )
    const [wrong, many, long] = found.map(({ reason }: { reason: string }) => reason)
    expect(wrong).toMatch(/^there is no partition nope .*its partitions are small, medium, test, gpu, spare/s)
    expect(many).toMatch(/^--nodes=3 is too many: partition medium gives a job at most 2\. .*fits into no partition/s)
    expect(long).toMatch(/^--time=02:00:00 is too long: partition test allows 00:15:00\. .*fit into small, medium, gpu/s)
    // No try was begun.
    expect(existsSync(lautta.objectFile('sub-air', `MANAGEMENT/${id}/TRIES`))).toBe(false)
    expect(await jobsOfSlurm()).toBe(before)
  })
})

describe('a pause', () => {
  it('of one user holds back what that user begins, and nobody else’s', async () => {
    expect((await set(lautta.ask, 'pause', {})).status).toBe(403)
    const running = await orders.start('puhti', [{ script: '#!/bin/sh\nwhile [ ! -e go ]; do sleep 0.1; done\n' }])
    await orders.untilJob(running, 'puhti', ({ state }) => state === 'running')
    expect((await set(lautta.ask, 'pause', { user: 'user@example.com' })).status).toBe(200)
    const held = await startHeld(orders, 'user@example.com')
    await adminOrders.untilStored(await adminOrders.start('puhti', [{ script }]))
    // What runs goes on, and is brought to its end.
    await lautta.slurm.exec(['touch', 'go'])
    expect(await orders.untilStored(running)).toMatchObject({ outcome: 'completed' })
    expect(await orders.job(held, 'puhti')).toMatchObject({ id: 'None', waiting: 'platform' })
    expect((await set(lautta.ask, 'resume', { user: 'user@example.com' })).json.paused).toBeNull()
    expect(await orders.untilStored(held)).toMatchObject({ outcome: 'completed' })
  })
  it('of a platform is an administrator’s, holds for everybody, and what waits can be stopped', async () => {
    expect((await set(lautta.askAsAdmin, 'pause', {})).json.paused).toMatchObject({ by: 'admin@example.com', user: null })
    const stopped = await startHeld(orders, 'admin@example.com')
    const held = await startHeld(orders, 'admin@example.com')
    const own = await startHeld(adminOrders, 'admin@example.com')
    await orders.give(stopped, 'stop')
    expect(await orders.untilStored(stopped)).toMatchObject({ outcome: 'cancelled' })
    await set(lautta.askAsAdmin, 'resume', {})
    expect(await orders.untilStored(held)).toMatchObject({ outcome: 'completed' })
    expect(await adminOrders.untilStored(own)).toMatchObject({ outcome: 'completed' })
  })
})

describe('a probe of what is down', () => {
  it('ends at SLURM while slurmctld is down', async () => {
    await lautta.slurm.signal('slurmctld', 'SIGKILL')
    // The last probe is answered for ten seconds.
    const { steps } = await until(async () => {
      const found = await probe('puhti')
      return found.ok ? null : found
    }, 200)
    expect(steps.at(-1)).toMatchObject({ step: 'slurm', ok: false })
    expect(steps.at(-1).detail).toMatch(/is DOWN/)
    await lautta.slurm.start('slurmctld')
    await until(async () => (await probe('puhti')).ok, 200)
  })
  it('ends at TCP while sshd is down, and is well again after', async () => {
    await lautta.slurm.signal('sshd', 'SIGKILL')
    await lautta.slurm.exec(['pkill', '-u', 'csc', 'sshd'])
    await until(async () => (await probe('puhti')).steps.at(-1).step === 'tcp', 200)
    await lautta.slurm.start('sshd')
    await until(async () => (await probe('puhti')).ok, 200)
  })
})

describe('without a submitter', () => {
  it('a probe answers 503 and says that nobody answered', async () => {
    await lautta.services.submitter.end()
    const { status, json } = await lautta.ask('/v1/platforms/puhti?probe=true')
    expect([status, json.detail]).toEqual([503, 'nobody answered for puhti in 30 s'])
  }, 60_000)
})
