import { rm, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../servers/fault-proxy.ts'
import { type RayServer, rayCommands, startRay } from '../servers/ray.ts'
import { requireCommands } from '../servers/require-server.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'
import { until } from '../support/until.ts'

const main = `import json, os, sys, time
print('got', json.dumps(json.loads(sys.argv[1]), sort_keys=True) if len(sys.argv) > 1 else 'nothing')
print('place', os.environ.get('PLACE'), 'beside', open('data/beside.txt').read().strip())
sys.stdout.flush()
while os.environ.get('HOLD') and os.path.exists(os.environ['HOLD']):
    time.sleep(0.05)
sys.exit(int(os.environ.get('CODE', '0')))
`
const directory = 'CODE/RAY/one'

describe.skipIf(!requireCommands(rayCommands))('a Ray job is a job like any other', () => {
  let ray: RayServer
  let proxy: FaultProxy
  let lautta: Standalone
  let hold: string
  beforeAll(async () => {
    ray = await startRay()
    const { hostname, port } = new URL(ray.dashboard)
    proxy = await startFaultProxy({ host: hostname, port: Number(port) })
    const clusters = { 'local-1': { dashboard: proxy.url, 'token-file': ray.tokenFile, 'poll-seconds': 0.5 } }
    lautta = await startStandalone({ 'ray-clusters': clusters })
    hold = `${lautta.folder}/hold`
    await put('main.py', main)
    await put('data/beside.txt', 'the files of its directory')
  })
  afterAll(async () => {
    await lautta?.stop()
    await proxy?.stop()
    await ray?.stop()
  })

  const put = async (path: string, text: string): Promise<void> => {
    const { status } = await lautta.orders.ask(`/v1/objects/pipeline/${directory}/${path}`, { method: 'PUT', body: text })
    expect(status).toBeLessThan(300)
  }
  const start = (asked: object = {}, more: object = {}): Promise<string> =>
    lautta.orders.start('local-1', [{ ray: { file: 'main.py', directory, ...asked }, ...more }])
  const untilState = (id: string, state: string, index = 0) =>
    lautta.orders.untilJob(id, 'local-1', (job) => job.state === state, index)
  const ended = (id: string, index = 0) => untilState(id, 'finished', index)
  const log = (id: string) => lautta.orders.log(id, 'local-1')
  /** What the cluster itself has of all Ray jobs. */
  const asked = async (): Promise<{ submission_id: string; status: string }[]> => {
    const answer = await fetch(`${ray.dashboard}/api/jobs/`, { headers: { authorization: `Bearer ${ray.token}` } })
    return (await answer.json()) as { submission_id: string; status: string }[]
  }

  it('runs with its parameters as one argument, its variables and the files of its directory; log and tables come', async () => {
    const parameters = { text: `it's "ä" $HOME`, list: [1, 2] }
    const id = await start({ parameters, 'env-vars': { PLACE: 'the other side' } })
    const order = await lautta.orders.untilStored(id)
    expect(order).toMatchObject({
      outcome: 'completed',
      platforms: { 'local-1': { jobs: [{ 'exit-code': 0, name: 'main.py' }] } }
    })
    const text = await log(id)
    expect(text).toContain('got {"list": [1, 2], "text": "it\'s \\"\\u00e4\\" $HOME"}')
    expect(text).toContain('place the other side beside the files of its directory')
    const { json } = await lautta.orders.ask(`/v1/tables/sacct?orchestration=${id}`)
    expect(json.items).toMatchObject([{ state: 'COMPLETED', platform: 'local-1' }])
    const stages = await lautta.orders.ask(`/v1/tables/times?orchestration=${id}`)
    expect(stages.json.items.length).toBe(5)
  })

  it('is told with its log while it runs, and is stopped', async () => {
    await writeFile(hold, '')
    const id = await start({ 'env-vars': { HOLD: hold } })
    await untilState(id, 'running')
    await until(async () => (await log(id)).includes('got nothing'), 100)
    await lautta.orders.give(id, 'stop')
    expect(await ended(id)).toMatchObject({ outcome: 'cancelled' })
  })

  it('fails as its command fails, in the words that Ray has of it; the next attempt is another Ray job', async () => {
    const id = await start({ 'env-vars': { CODE: '3' } })
    expect(await ended(id)).toMatchObject({ outcome: 'failed', 'exit-code': 3, reason: expect.stringMatching(/exit code 3/) })
    const before = (await asked()).length
    await lautta.orders.give(id, 'start')
    await lautta.orders.untilJob(id, 'local-1', (job) => job.attempt === 2 && job.state === 'finished')
    expect((await asked()).length).toBe(before + 1)
  })

  it('begins when the Ray jobs that it needs have completed', async () => {
    const one = { ray: { file: 'main.py', directory } }
    const failing = { ray: { ...one.ray, 'env-vars': { CODE: '1' } } }
    const id = await lautta.orders.start('local-1', [one, { ...one, needs: ['job:0'] }, failing, { ...one, needs: ['job:2'] }])
    expect(await ended(id, 1)).toMatchObject({ outcome: 'completed' })
    expect(await ended(id, 3)).toMatchObject({ outcome: 'cancelled', reason: 'need-not-met' })
  })

  it('is submitted once, though the answer to its submission was lost', async () => {
    proxy.aim(/^POST \/api\/jobs/)
    proxy.resetAfterForwarding(1)
    const id = await start({ 'submission-id': 'of-the-user' })
    expect(await ended(id)).toMatchObject({ outcome: 'completed', id: 'of-the-user' })
    proxy.pass()
    expect((await asked()).filter((one) => one.submission_id.startsWith('of-the-user'))).toHaveLength(1)
    const second = await start({ 'submission-id': 'of-the-user' })
    expect(await ended(second)).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/of-the-user/) })
  })

  it('goes on while Lautta is killed and started again', async () => {
    await writeFile(hold, '')
    const id = await start({ 'env-vars': { HOLD: hold } })
    await untilState(id, 'running')
    await lautta.process.end('SIGKILL')
    await lautta.restart()
    await rm(hold)
    expect(await ended(id)).toMatchObject({ outcome: 'completed', attempt: 1 })
  })

  it('waits while its cluster is away, unless it says for how long at most', async () => {
    proxy.refuse()
    const patient = await start()
    const impatient = await start({ 'give-up-seconds': 1 })
    expect(await ended(impatient)).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/did not answer for 1 s/) })
    expect(await lautta.orders.job(patient, 'local-1')).toMatchObject({ state: 'preparing', waiting: 'platform' })
    proxy.pass()
    expect(await ended(patient)).toMatchObject({ outcome: 'completed' })
  })

  it('waits for credentials while its token is wrong', async () => {
    await writeFile(ray.tokenFile, 'another-token')
    const id = await start()
    await lautta.orders.untilJob(id, 'local-1', ({ waiting }) => waiting === 'credentials')
    expect((await lautta.orders.events(id)).some(({ reason }) => /Invalid authentication token/.test(reason ?? ''))).toBe(true)
    await writeFile(ray.tokenFile, ray.token)
    expect(await ended(id)).toMatchObject({ outcome: 'completed' })
  })

  it.each([
    [{ directory: 'CODE/RAY/none' }, /there is nothing below CODE\/RAY\/none/],
    [{ file: 'other.py' }, /there is no other.py in CODE\/RAY\/one/],
    [{ packages: ['surely-no-such-package==9.9'] }, /surely-no-such-package/]
  ])('with %j ends failed, and says why', async (wrong, words) => {
    expect(await ended(await start(wrong))).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(words) })
  })
})
