import { rm, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RayServer, rayCommands, startRay } from '../servers/ray.ts'
import { requireCommands } from '../servers/require-server.ts'
import { asJson } from '../support/rest-client.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'
import { until } from '../support/until.ts'

const main = `import json, os, sys, time, urllib.request
given = json.loads(sys.argv[1])
print('got', sorted(given), flush=True)
while os.path.exists(given['hold']):
    time.sleep(0.05)
result = json.dumps({item[0]: item[-1] * 2 for item in given['items']}).encode()
urllib.request.urlopen(urllib.request.Request(given['output']['url'], data=result, method='PUT'))
`
const directory = 'CODE/RAY/share'
const items = [
  ['ä.txt', 1, 4],
  ['b.txt', 2, 3],
  ['c.txt', 3, 2],
  ['d.txt', 4, 1]
]
const together = { 'ä.txt': 8, 'b.txt': 6, 'c.txt': 4, 'd.txt': 2 }

describe.skipIf(!requireCommands(rayCommands))('Ray clusters under the API', () => {
  let clusters: RayServer[]
  let lautta: Standalone
  let hold: string
  beforeAll(async () => {
    clusters = await Promise.all([startRay(), startRay()])
    const settings = clusters.map(({ dashboard, tokenFile }, index) => {
      return [`local-${index}`, { dashboard, 'token-file': tokenFile, 'poll-seconds': 0.5 }]
    })
    const withoutToken = { dashboard: clusters[0]!.dashboard }
    lautta = await startStandalone({ 'ray-clusters': { ...Object.fromEntries(settings), closed: withoutToken } })
    hold = `${lautta.folder}/hold`
    const { status } = await ask(`/v1/objects/pipeline/${directory}/main.py`, { method: 'PUT', body: main })
    expect(status).toBeLessThan(300)
  })
  afterAll(async () => {
    await lautta?.stop()
    await Promise.all(clusters?.map((ray) => ray.stop()) ?? [])
  })

  const ask: Standalone['orders']['ask'] = (path, init) => lautta.orders.ask(path, init)
  const fanOut = async (): Promise<string> => {
    const job = { file: 'main.py', directory, parameters: { hold }, 'give-up-seconds': 5 }
    const body = { clusters: ['local-0', 'local-1'], weights: { CPU: 1 }, items, job }
    const { status, json, text } = await ask('/v1/ray/fan-out', asJson(body))
    expect(status, text).toBe(202)
    return json.id
  }
  const ended = async (id: string) => (await ask(`/v1/ray/fan-out/${id}?wait=120`)).json
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
  const resultsOf = ({ output }: any) => Object.assign({}, ...Object.values<any>(output).map(({ data }) => data))

  it('say what they are, and one that does not take the token says so', async () => {
    const { items: listed, warnings } = (await ask('/v1/ray/clusters?probe=true')).json
    expect(listed).toMatchObject([
      { name: 'local-0', kind: 'static', probe: { ok: true, 'ray-version': expect.stringMatching(/^2\./) } },
      { name: 'local-1', probe: { ok: true, nodes: [{ 'is-head': true, 'is-alive': true }] } },
      { name: 'closed', probe: { ok: false, detail: expect.stringMatching(/token/i), nodes: [] } }
    ])
    expect(listed[0].probe.resources.CPU).toBeGreaterThan(0)
    expect(warnings).toEqual([])
  })

  it('run a Ray job, whose end is waited for, and show what it printed', async () => {
    const where = '/v1/ray/clusters/local-0/jobs'
    const sent = (await ask(where, asJson({ entrypoint: 'echo hello', 'submission-id': 'mine' }))).json
    expect(sent).toMatchObject({ id: 'mine', status: 'PENDING' })
    const { json } = await ask(`${where}/mine?wait=120`)
    expect(json).toMatchObject({ status: 'SUCCEEDED', outcome: 'completed', 'submission-id': 'mine', 'exit-code': 0 })
    await until(async () => (await ask(`${where}/mine/log`)).text.includes('hello'), 100)
  })

  it('do the items of a fan-out, each its share, and the results are joined', async () => {
    const done = await ended(await fanOut())
    expect(done).toMatchObject({ state: 'finished', missing: [] })
    expect(Object.keys(done.output)).toEqual(['0', '1'])
    expect(done.output[1].url).toBe(clusters[1]!.dashboard)
    expect(resultsOf(done)).toEqual(together)
  })

  it('do the items of one that dies', async () => {
    await writeFile(hold, '')
    const id = await fanOut()
    const statuses = async () => (await ask(`/v1/ray/fan-out/${id}`)).json.shares.map(({ status }: { status: string }) => status)
    await until(async () => (await statuses()).every((status: string) => status === 'RUNNING'), 100)
    await clusters[1]!.kill()
    await rm(hold)
    const done = await ended(id)
    expect(done).toMatchObject({ state: 'finished', missing: [] })
    expect(done.shares[1]).toMatchObject({ cluster: 'local-0', jobs: [{ cluster: 'local-1', status: 'FAILED' }, {}] })
    expect(resultsOf(done)).toEqual(together)
  })
})
