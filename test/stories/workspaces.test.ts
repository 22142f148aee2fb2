import { existsSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { until } from '../support/until.ts'
import { fourColumns } from '../support/workspace-prints.ts'

/*
 * A person whose disk areas have quotas: mahti has a command that prints them, as a centre's own does.
 */
let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
beforeAll(async () => {
  lautta = await startLauttaOnSlurm(() => ({
    preamble: ['export PATH=$PATH:/users/csc/tools', 'module use /users/csc/modules'],
    'workspaces-command': 'csc-workspaces'
  }))
  orders = createOrderClient(lautta.ask)
  for (const folder of ['tools', 'modules/pytorch']) {
    await mkdir(lautta.slurm.hostPath(`/users/csc/${folder}`), { recursive: true })
  }
  await writeFile(lautta.slurm.hostPath('/users/csc/modules/pytorch/2.9.lua'), 'setenv("PYTORCH", "2.9")\n')
})
afterAll(() => lautta?.stop())

const print = async (text: string): Promise<void> => {
  const file = lautta.slurm.hostPath('/users/csc/tools/csc-workspaces')
  await writeFile(file, `#!/bin/sh\ncat <<'END'\n${text}END\n`)
  await chmod(file, 0o755)
}
const scratch = '/scratch/project_2001234'
const send = (path: string) => {
  const source = { place: 'inline', path: 'x', value: 'sent\n' }
  return { send: [{ transfer: { source, target: { place: 'hpc/mahti', path } }, overwrite: true }] }
}
const noticesOf = async (id: string, client = orders) =>
  (await client.events(id)).filter(({ from, to }) => from === to).map(({ reason }) => reason)

describe('an order whose files have no room', () => {
  let id: string
  it('waits, tells which disk area is full, and nothing is sent', async () => {
    await print(fourColumns)
    id = await orders.start('mahti', [{ script: `#!/bin/sh\ncat ${scratch}/sent\n` }], { files: send(`${scratch}/sent`) })
    const job = await orders.untilJob(id, 'mahti', ({ waiting }) => waiting === 'platform-disk')
    expect(job).toMatchObject({ state: 'preparing', outcome: null })
    expect(await noticesOf(id)).toEqual([
      expect.stringMatching(/\/scratch\/project_2001234 is over its quota: 7\.2T of 7\.0T .* \(remove files there/)
    ])
    expect(existsSync(lautta.slurm.hostPath(`${scratch}/sent`))).toBe(false)
  })

  it('shows what was found on the platform, in the order and in the platform', async () => {
    const { properties } = (await orders.order(id)).platforms.mahti
    expect(properties).toMatchObject({
      directory: '/users/csc',
      languages: expect.arrayContaining([{ name: 'Python', version: expect.stringMatching(/^3\./) }])
    })
    expect(properties.workspaces).toHaveLength(5)
    expect(properties.workspaces[2]).toMatchObject({ path: scratch, 'used-capacity': '7.2T', 'over-quota': true })
    const { json: platform } = await lautta.ask('/v1/platforms/mahti')
    expect(platform.properties).toMatchObject({ ...properties, modules: expect.arrayContaining(['pytorch/2.9']) })
    expect((await lautta.ask('/v1/platforms/lumi')).json.properties).toBeNull()
    expect((await lautta.askAsAdmin('/v1/platforms/mahti')).json.properties).toBeNull()
    const kept = await lautta.management.readEnvironment(lautta.user, 'mahti')
    expect(kept).toMatchObject({ directory: '/users/csc', workspaces: [{}, {}, { path: scratch }, {}, {}] })
  })

  it('goes on by itself when there is room', async () => {
    await print(fourColumns.replace('7.2T*/7.0T', '6.9T/7.0T'))
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await orders.log(id, 'mahti')).toBe('sent\n')
    await until(async () => (await orders.order(id)).platforms.mahti.properties.workspaces[2]['used-capacity'] === '6.9T')
  })
})

describe('an order whose venv lies outside of the disk areas', () => {
  it('is refused, and the disk areas are named', async () => {
    const configs = { venv: { name: 'v', path: '/tmp/venvs' } }
    const id = await orders.start('mahti', [{ script: '#!/bin/sh\n' }], { configs })
    const job = await orders.untilJob(id, 'mahti', ({ state }) => state === 'finished')
    expect(job).toMatchObject({ outcome: 'failed', id: 'None' })
    expect(job.reason).toMatch(
      /^configs\.venv\.path: \/tmp\/venvs lies in none of your workspaces on mahti \(they are \/users\/csc, /
    )
  })
})

describe('an order on a platform whose print can not be read', () => {
  it('is told, and goes on', async () => {
    await print('the quota daemon is away\n')
    const others = createOrderClient(lautta.askAsAdmin)
    const id = await others.start('mahti', [{ script: '#!/bin/sh\ncat told\n' }], { files: send('told') })
    expect(await others.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await noticesOf(id, others)).toEqual([expect.stringMatching(/can not be read.*: the quota daemon is away$/)])
    const { properties } = (await lautta.askAsAdmin('/v1/platforms/mahti')).json
    expect(properties).toMatchObject({
      workspaces: [],
      'unreadable-lines': ['the quota daemon is away'],
      directory: '/users/csc'
    })
  })
})
