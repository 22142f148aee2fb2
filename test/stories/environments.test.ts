import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { putPythonModules } from '../../packages/platforms/test/put-python-modules.ts'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { asJson } from '../support/rest-client.ts'
import { until } from '../support/until.ts'

const venv = { name: 'exp-venv', path: '/users/csc/envs', modules: ['python/1', 'wheels'], packages: ['apple'] }
const script = '#!/bin/bash\n/users/csc/envs/exp-venv/bin/python -c "import apple; print(apple.version)"\necho "to $PLACE"\n'
const job = { script, environment: { PLACE: 'the other side\nof the sea' } }

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
beforeAll(async () => {
  lautta = await startLauttaOnSlurm()
  orders = createOrderClient(lautta.ask)
  await putPythonModules(lautta.slurm)
})
afterAll(() => lautta?.stop())

const order = (platform: string, configs: object = { venv }, asked: object = job) => orders.start(platform, [asked], { configs })
const tells = async (id: string, words: string): Promise<boolean> =>
  (await orders.events(id)).some(({ reason }) => reason?.includes(words))
const csc = async (...argv: string[]): Promise<string> => (await lautta.slurm.exec(argv)).stdout

describe('a venv that several orders name', () => {
  let first: string
  let second: string

  it('is built while their jobs are being prepared, and what needs none goes on', async () => {
    await csc('touch', 'hold')
    first = await order('mahti')
    second = await order('puhti')
    const isTold = async (id: string) => tells(id, 'the venv /users/csc/envs/exp-venv is being built')
    await until(async () => (await isTold(first)) && (await isTold(second)), 100)
    await orders.untilJob(await order('mahti', {}, { script: '#!/bin/sh\n' }), 'mahti', ({ outcome }) => outcome === 'completed')
    expect(await orders.job(first, 'mahti')).toMatchObject({ state: 'preparing', waiting: null })
  })

  it('does not keep an order from being stopped', async () => {
    const third = await order('mahti')
    await until(() => tells(third, 'is being built'), 100)
    await orders.give(third, 'stop')
    await orders.untilJob(third, 'mahti', ({ outcome }) => outcome === 'cancelled')
  })

  it('is built to its end although the submitter is killed, once for all, and used by them', async () => {
    await lautta.services.submitter.end('SIGKILL')
    await lautta.start('submitter')
    await csc('rm', 'hold')
    for (const [id, platform] of [
      [first, 'mahti'],
      [second, 'puhti']
    ] as const) {
      await orders.untilJob(id, platform, ({ outcome }) => outcome === 'completed')
      await until(async () => (await orders.log(id, platform)) === '1.0\nto the other side\nof the sea\n', 100)
    }
    expect(await csc('ls', 'envs/exp-venv/.lautta')).toMatch(/^build\.1\n(?!build)/)
  })

  it('stands in the answer with the variables, and can be posted back', async () => {
    const answer = await orders.order(first)
    expect(answer.platforms.mahti.jobs[0]).toMatchObject({ environment: job.environment })
    expect((await lautta.ask('/v1/orchestrations', asJson(answer))).status).toBe(202)
  })
})

describe('a venv whose packages stand in a file that the order itself sends', () => {
  it('is built with them', async () => {
    const source = { place: 'inline', path: 'x', value: 'apple\n' }
    const target = { place: 'hpc/mahti', path: '~/envs/wanted.txt' }
    const files = { send: [{ transfer: { source, target }, overwrite: true }] }
    const configs = { venv: { ...venv, name: 'by-file', packages: ['-r ~/envs/wanted.txt'] } }
    const asked = { script: script.replace('exp-venv', 'by-file') }
    const id = await orders.start('mahti', [asked], { configs, files })
    await orders.untilJob(id, 'mahti', ({ outcome }) => outcome === 'completed')
    await until(async () => (await orders.log(id, 'mahti')).startsWith('1.0\n'), 100)
  })
})

describe('an environment that can not be', () => {
  const reasonOf = async (configs: object): Promise<string> => {
    const { reason } = await orders.untilJob(await order('mahti', configs), 'mahti', ({ outcome }) => outcome === 'failed')
    return reason
  }
  it('is refused for a module that is not there, in the words of Lmod', async () => {
    const words = /^module no-such\/1: .*(unknown|cannot be loaded).*`module spider <name>`/s
    expect(await reasonOf({ modules: ['wheels', 'no-such/1'] })).toMatch(words)
    expect(await reasonOf({ venv: { ...venv, modules: ['no-such/1'] } })).toMatch(words)
  })
  it('is refused for a package that does not install, in the words of pip', async () => {
    const reason = await reasonOf({ venv: { ...venv, packages: ['apple', 'plum'] } })
    expect(reason).toMatch(
      /^the venv \/users\/csc\/envs\/exp-venv could not be built: .*No matching distribution found for plum$/s
    )
  })
})
