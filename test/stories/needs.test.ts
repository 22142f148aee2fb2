import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { asJson } from '../support/rest-client.ts'
import { until } from '../support/until.ts'

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
beforeAll(async () => {
  lautta = await startLauttaOnSlurm()
  orders = createOrderClient(lautta.ask)
})
afterAll(() => lautta?.stop())

const post = async (platforms: object) => lautta.ask('/v1/orchestrations?start=true', asJson({ name: 'needs', platforms }))
const startAll = async (platforms: object): Promise<string> => {
  const { status, json, text } = await post(platforms)
  if (status !== 202) throw new Error(text)
  return json.id
}
/** A job that writes its word at the end of a file, after the line that it may wait for. */
const writer = (file: string, word: string, needs: unknown[] = []) => ({
  script: `#!/bin/sh\nsleep 1\necho ${word} >>~/${file}\n`,
  needs
})
/** A job that fails until a file is there. */
const failer = (file: string, word: string, needs: unknown[] = []) => ({
  script: `#!/bin/sh\n[ -e ~/${file}.mended ] || exit 3\necho ${word} >>~/${file}\n`,
  needs
})
const wordsIn = async (file: string) => (await lautta.slurm.exec(['cat', file])).stdout.trim().split('\n')

describe('jobs of an order that need each other', () => {
  it('run one after the other on one platform, whatever their places, and meanwhile tell what they wait for', async () => {
    const jobs = [writer('chain', 'third', ['job:1']), writer('chain', 'second', ['job:2']), writer('chain', 'first')]
    const id = await startAll({ mahti: { jobs } })
    const waiting = await orders.untilJob(id, 'mahti', (job) => job.waiting === 'need')
    expect(waiting).toMatchObject({ state: 'preparing', id: 'None', needs: ['job:1'] })
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed', waiting: null })
    expect(await wordsIn('chain')).toEqual(['first', 'second', 'third'])
    const reasons = (await orders.events(id)).filter(({ index }) => index === 0).map(({ reason }) => reason)
    expect(reasons).toEqual(expect.arrayContaining([expect.stringMatching(/^waiting: need: mahti\/job:1 /), 'goes on: need']))
  })

  it('run one after the other across platforms, and one after several, when files of theirs are there', async () => {
    const result = (place: string, path: string) => ({ place, path })
    const get = [
      { transfer: { source: result('hpc/puhti', '/users/csc/many'), target: result('storage/allas/pipeline', 'DATA/many') } }
    ]
    const send = [
      { transfer: { source: result('storage/allas/pipeline', 'DATA/many'), target: result('hpc/mahti', '/users/csc/sent') } }
    ]
    const all = ['puhti/job:0', { job: 'puhti/job:1', outcomes: ['completed', 'failed'] }]
    const id = await startAll({
      mahti: { files: { send }, jobs: [{ script: '#!/bin/sh\ncat ~/sent >>~/joined\necho last >>~/joined\n', needs: all }] },
      puhti: { files: { get }, jobs: [writer('many', 'one'), failer('none', 'never')] }
    })
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'failed' })
    expect(await orders.job(id, 'mahti')).toMatchObject({ outcome: 'completed' })
    expect(await wordsIn('joined')).toEqual(['one', 'last'])
  })

  it('end with one that they need and that fails, and when the order is started again run in their sequence', async () => {
    const id = await startAll({
      puhti: { jobs: [writer('again', 'good'), failer('again', 'mended', ['job:0'])] },
      mahti: { jobs: [writer('again', 'last', ['puhti/job:1', 'job:1']), writer('again', 'middle', ['puhti/job:1'])] }
    })
    const failed = await orders.untilStored(id)
    expect(failed.outcome).toBe('failed')
    const unmet = { outcome: 'cancelled', reason: 'need-not-met', id: 'None' }
    expect(failed.platforms.mahti.jobs).toMatchObject([unmet, unmet])
    const told = (await orders.events(id)).filter(({ platform, index }) => platform === 'mahti' && index === 1)
    expect(told.at(-2)?.reason).toBe('puhti/job:1 ended failed (FAILED, exit code 3), and completed is needed')
    await lautta.slurm.exec(['touch', 'again.mended'])
    await orders.give(id, 'start')
    const again = await orders.untilStored(id)
    expect(again.outcome).toBe('completed')
    expect(again.platforms.puhti.jobs).toMatchObject([{ attempt: 1 }, { attempt: 2 }])
    expect(again.platforms.mahti.jobs).toMatchObject([{ attempt: 2 }, { attempt: 2 }])
    expect(await wordsIn('again')).toEqual(['good', 'mended', 'middle', 'last'])
  })

  it('begin also when what they need ends while the submitter is dead', async () => {
    const id = await startAll({
      mahti: { jobs: [writer('dead', 'second', ['puhti/job:0'])] },
      puhti: { jobs: [writer('dead', 'first')] }
    })
    await orders.untilJob(id, 'puhti', (job) => job.state === 'running' || job.state === 'finished')
    await lautta.services.submitter.end('SIGKILL')
    await until(async () => (await wordsIn('dead')).includes('first'))
    lautta.services.submitter = await lautta.start('submitter')
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await wordsIn('dead')).toEqual(['first', 'second'])
  })

  it('wait on for one whose platform has no credential, until they are stopped', async () => {
    const jobs = [writer('stopped', 'never', ['lumi/job:0'])]
    const id = await startAll({ mahti: { jobs }, lumi: { jobs: [writer('stopped', 'never')] } })
    await orders.untilJob(id, 'lumi', (job) => job.waiting === 'credentials')
    await orders.untilJob(id, 'mahti', (job) => job.waiting === 'need')
    expect(await orders.order(id)).toMatchObject({ state: 'active', waiting: 'credentials' })
    await orders.give(id, 'stop')
    const ended = await orders.untilJob(id, 'mahti', (job) => job.state === 'finished')
    expect(ended).toMatchObject({ outcome: 'cancelled', reason: 'stopped before it was submitted', id: 'None' })
  })
})

describe('needs that no order can have', () => {
  it('are refused with the field named, and the circle', async () => {
    const job = (...needs: string[]) => ({ script: '#!/bin/sh\n', needs })
    const unknown = await post({ mahti: { jobs: [job('job:7'), job('atlas/job:0')] } })
    expect([unknown.status, unknown.json.errors]).toEqual([
      400,
      [
        { path: 'platforms.mahti.jobs[0].needs[0]', message: expect.stringContaining('there is no mahti/job:7') },
        { path: 'platforms.mahti.jobs[1].needs[0]', message: 'the order names no platform atlas' }
      ]
    ])
    const circle = await post({ mahti: { jobs: [job('puhti/job:0')] }, puhti: { jobs: [job('mahti/job:0')] } })
    expect([circle.status, circle.json.errors]).toEqual([
      400,
      [
        {
          path: 'platforms.mahti.jobs[0].needs[0]',
          message: expect.stringContaining('mahti/job:0 → puhti/job:0 → mahti/job:0')
        }
      ]
    ])
  })
})
