import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import type { ServiceProcess } from '../support/start-service.ts'
import { until } from '../support/until.ts'

/** Chooses the moments of the kills; the run that failed is had again with `FAULT_SEED=<it>`. */
const seed = Number(process.env.FAULT_SEED ?? Date.now() % 100_000)
let state = seed
const chooseMs = (most: number): number => {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((state / 2_147_483_648) * most)
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
let submitters: ServiceProcess[]
beforeAll(async () => {
  lautta = await startLauttaOnSlurm()
  orders = createOrderClient(lautta.ask)
  submitters = [lautta.services.submitter, await lautta.start('submitter')]
})
afterAll(() => lautta?.stop())

const killSubmitters = async (): Promise<void> => {
  await Promise.all(submitters.map((submitter) => submitter.end('SIGKILL')))
  submitters = await Promise.all([lautta.start('submitter'), lautta.start('submitter')])
}
/** Each job as `<SLURM's id> <the user's name for it>`. */
const jobsInAccounting = async (): Promise<string[]> => {
  // Without an end in the future sacct leaves the last seconds out.
  const window = ['-S', 'now-1hour', '-E', 'now+1hour']
  const { stdout } = await lautta.slurm.exec(['sacct', '-anXP', ...window, '-o', 'JobID,JobName'])
  const lines = stdout.trim().split('\n')
  return lines.map((line) => line.replace('|', ' ').replace(/\.[^.]*$/, '')).sort()
}
/** Starts orders whose jobs leave a line for each run of them. */
const startOrders = (round: string): Promise<string[]> =>
  Promise.all(
    ['a', 'b', 'c', 'd'].map((one) =>
      orders.start('mahti', [
        { name: `fault-${round}${one}`, script: `#!/bin/sh\necho ran >>~/${round}${one}.runs\nsleep 1\necho done\n` }
      ])
    )
  )

describe(`orders on a real SLURM, with two submitters (FAULT_SEED=${seed})`, () => {
  const started: string[] = []
  it.each([
    ['both submitters are killed', killSubmitters],
    [
      'both submitters are killed and Redis is emptied',
      async () => {
        await Promise.all([killSubmitters(), lautta.redis.restart()])
      }
    ],
    [
      'slurmctld does not answer, and both submitters are killed',
      async () => {
        await lautta.slurm.signal('slurmctld', 'SIGSTOP')
        await pause(chooseMs(3000))
        await killSubmitters()
        await lautta.slurm.signal('slurmctld', 'SIGCONT')
      }
    ],
    [
      'every service is killed and Redis is emptied',
      async () => {
        const { forwarder, monitor } = lautta.services
        await Promise.all([forwarder, monitor].map((service) => service.end('SIGKILL')))
        await Promise.all([killSubmitters(), lautta.redis.restart()])
        lautta.services.forwarder = await lautta.start('forwarder')
        lautta.services.monitor = await lautta.start('monitor')
      }
    ]
  ])('end with one run each when %s', async (fault, strike) => {
    const ids = await startOrders(`round-${started.length}-`)
    started.push(...ids)
    // In the first seconds after the lease was taken, files are sent and jobs submitted.
    await until(async () => (await orders.job(ids[0]!, 'mahti')).state !== 'declared', 50)
    await pause(chooseMs(1500))
    await strike()
    for (const id of ids) expect(await orders.untilStored(id), fault).toMatchObject({ outcome: 'completed' })
  })

  it('have one job in accounting for each, which ran once', async () => {
    const expected = (await Promise.all(started.map((id) => orders.job(id, 'mahti')))).map(({ id, name }) => `${id} ${name}`)
    expect(await jobsInAccounting()).toEqual(expected.sort())
    const { stdout } = await lautta.slurm.exec(['sh', '-c', 'cat *.runs'])
    expect(stdout).toBe('ran\n'.repeat(started.length))
  })

  it('have each step of their history once, in order, and a row in each table', async () => {
    for (const id of started) {
      const events = await orders.events(id)
      const steps = events.filter(({ from, to }) => from !== to)
      expect(steps[0]).toMatchObject({ from: 'declared' })
      expect(steps.at(-1)).toMatchObject({ to: 'finished' })
      for (const [index, { from }] of steps.slice(1).entries()) expect(from).toBe(steps[index]!.to)
      const usage = await lautta.ask(`/v1/tables/usage?orchestration=${id}`)
      expect(usage.json.items).toHaveLength(1)
      const job = await orders.job(id, 'mahti')
      const { stdout } = await lautta.slurm.exec(['sacct', '-nP', '-j', job.id, '-o', 'JobID'])
      const sacct = await lautta.ask(`/v1/tables/sacct?orchestration=${id}`)
      expect(sacct.json.items).toHaveLength(stdout.trim().split('\n').length)
    }
  })
})
