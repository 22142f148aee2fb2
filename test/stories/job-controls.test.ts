import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { until } from '../support/until.ts'

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
let others: ReturnType<typeof createOrderClient>
beforeAll(async () => {
  lautta = await startLauttaOnSlurm()
  orders = createOrderClient(lautta.ask)
  others = createOrderClient(lautta.askAsAdmin)
})
afterAll(() => lautta?.stop())

const give = async (id: string, verb: string) => lautta.ask(`/v1/orchestrations/${id}/jobs/mahti/0/${verb}`, { method: 'POST' })
const sacctmgr = async (...argv: string[]) => {
  const { exitCode, stderr, stdout } = await lautta.slurm.exec(['sacctmgr', '-i', ...argv], { as: 'root' })
  if (exitCode !== 0) throw new Error(stderr + stdout)
}
const sleeper = '#!/bin/sh\necho run >>~/sleeper.$SLURM_JOB_ID\nsleep 120\n'
const reasons = async (id: string) => (await orders.events(id)).map(({ reason }) => reason)

describe('a job on the platform', () => {
  it('is held before it begins, and released', async () => {
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\ntrue\n', options: { begin: 'now+1hour' } }])
    const { id: slurmJobId } = await orders.untilJob(id, 'mahti', ({ state }) => state === 'queued')
    expect((await give(id, 'hold')).status).toBe(202)
    await orders.untilJob(id, 'mahti', ({ reason }) => reason === 'JobHeldUser')
    await lautta.slurm.exec(['scontrol', 'update', `jobid=${slurmJobId}`, 'starttime=now'], { as: 'root' })
    expect((await give(id, 'release')).status).toBe(202)
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await reasons(id)).toEqual(expect.arrayContaining(['hold was ordered', 'held', 'release was ordered', 'released']))
  })

  it('is held from the beginning when that is ordered before it is started', async () => {
    const { json } = await lautta.ask('/v1/orchestrations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'held', platforms: { mahti: { jobs: [{ script: '#!/bin/sh\ntrue\n' }] } } })
    })
    expect((await give(json.id, 'hold')).status).toBe(202)
    await orders.give(json.id, 'start')
    await orders.untilJob(json.id, 'mahti', ({ state, reason }) => state === 'queued' && reason === 'JobHeldUser')
    await give(json.id, 'release')
    expect(await orders.untilStored(json.id)).toMatchObject({ outcome: 'completed' })
  })

  it('begins anew when it is requeued, once for each time that it is ordered, as the same SLURM job', async () => {
    const id = await orders.start('mahti', [{ script: sleeper }])
    const { id: slurmJobId } = await orders.untilJob(id, 'mahti', ({ state }) => state === 'running')
    expect((await give(id, 'requeue')).status).toBe(202)
    await orders.untilJob(id, 'mahti', ({ state, restart }) => state === 'running' && restart === 1)
    await give(id, 'requeue')
    await orders.untilJob(id, 'mahti', ({ state, restart }) => state === 'running' && restart === 2)
    const shown = await lautta.slurm.exec(['scontrol', 'show', 'job', '--oneliner', slurmJobId])
    expect(shown.stdout).toContain(' Restarts=2 ')
    const runs = async () => (await lautta.slurm.exec(['cat', `sleeper.${slurmJobId}`])).stdout
    // SLURM says that it runs before its first line has run.
    await until(async () => (await runs()).length >= 'run\n'.length * 3)
    expect(await runs()).toBe('run\nrun\nrun\n')
    expect((await give(id, 'cancel')).status).toBe(202)
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'cancelled' })
    expect((await orders.job(id, 'mahti')).id).toBe(slurmJobId)
  })

  it("tells SLURM's words when it refuses, and what can't be is refused at once", async () => {
    const id = await orders.start('mahti', [{ script: sleeper, options: { 'no-requeue': true } }])
    await orders.untilJob(id, 'mahti', ({ state }) => state === 'running')
    expect(await give(id, 'hold')).toMatchObject({ status: 409, json: { detail: 'the job runs already' } })
    await give(id, 'requeue')
    await until(async () => (await reasons(id)).some((reason) => /^requeue was refused: .*disabled/.test(reason ?? '')))
    await give(id, 'cancel')
    await orders.untilStored(id)
    for (const verb of ['hold', 'release', 'requeue']) expect((await give(id, verb)).status).toBe(409)
    expect((await give(id, 'cancel')).status).toBe(202)
  })
})

describe('a job with retries', () => {
  it('is run again by itself after the outcomes that were named, as often as was said', async () => {
    const script = '#!/bin/sh\necho run >>~/$LAUTTA_STORY.runs\n[ "$(wc -l <~/$LAUTTA_STORY.runs)" = 3 ] || exit 7\n'
    const job = (name: string, failed: number) => ({
      script: script.replaceAll('$LAUTTA_STORY', name),
      retries: { failed, 'node-failed': 1 }
    })
    const [saved, lost] = await Promise.all([orders.start('mahti', [job('often', 2)]), orders.start('mahti', [job('seldom', 1)])])
    expect(await orders.untilStored(saved)).toMatchObject({ outcome: 'completed' })
    expect(await orders.untilStored(lost)).toMatchObject({ outcome: 'failed' })
    expect(await orders.job(saved, 'mahti')).toMatchObject({ attempt: 3, retries: { failed: 2, 'node-failed': 1 } })
    expect(await orders.job(lost, 'mahti')).toMatchObject({ attempt: 2, 'exit-code': 7 })
    const usage = async () => (await lautta.ask(`/v1/tables/usage?orchestration=${saved}`)).json.items
    // The tables of earlier attempts may come after those of the last.
    await until(async () => (await usage()).length === 3)
    const rows: { attempt: number; state: string }[] = await usage()
    expect(rows.map(({ attempt, state }) => `${attempt} ${state}`).sort()).toEqual(['1 FAILED', '2 FAILED', '3 COMPLETED'])
  })
})

describe('jobs over a limit of submitted jobs', () => {
  const setLimit = (most: number) =>
    sacctmgr('modify', 'user', 'where', 'name=csc', 'account=project_2001234', 'set', `MaxSubmitJobs=${most}`)
  afterEach(() => setLimit(-1))

  it('wait here, go one after the other as there is room, and no user waits behind all the jobs of another one', async () => {
    await setLimit(3)
    const options = { account: 'project_2001234' }
    // Nobody's jobs end before both users wait.
    const script = '#!/bin/sh\nwhile [ ! -e both-wait ]; do sleep 0.1; done\n'
    const jobs = Array.from({ length: 30 }, () => ({ script, options }))
    const many = await orders.start('mahti', jobs)
    await until(async () => (await orders.order(many)).waiting === 'limit')
    const few = await others.start('mahti', jobs.slice(0, 2))
    await until(async () => (await others.order(few)).waiting === 'limit')
    await lautta.slurm.exec(['touch', 'both-wait'])
    expect(await others.untilStored(few)).toMatchObject({ outcome: 'completed' })
    expect(await orders.untilStored(many)).toMatchObject({ outcome: 'completed' })
    const queuedAt = async (client: typeof orders, id: string) =>
      (await client.events(id)).filter(({ to, from }) => to === 'queued' && from !== to).map(({ at }) => at)
    const lastOfMany = (await queuedAt(orders, many)).sort().at(-1) ?? ''
    for (const at of await queuedAt(others, few)) expect(at < lastOfMany).toBe(true)
  })

  it('are refused when no job at all is allowed, as where SLURM wants an account and got none', async () => {
    await setLimit(0)
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\ntrue\n' }])
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'failed' })
    expect((await orders.job(id, 'mahti')).reason).toMatch(/AssocMaxSubmitJobLimit[\s\S]*is --account the project/)
  })

  it('are refused before sbatch when the account is none of the user', async () => {
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\n#SBATCH --account=project_9\ntrue\n' }])
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'failed' })
    expect((await orders.job(id, 'mahti')).reason).toBe(
      'you may not bill project_9 on this platform (what you may bill: project_2001234)'
    )
  })
})
