import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RayServer, rayCommands, startRay } from '../servers/ray.ts'
import { requireCommands } from '../servers/require-server.ts'
import { processingParameters, putExample } from '../support/put-example.ts'
import { asJson } from '../support/rest-client.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'
import { until } from '../support/until.ts'

/*
 * The examples as a notebook runs them: on one static cluster, with the output from Ray Serve through the API, and divided
 * between two.
 */
describe.skipIf(!requireCommands(rayCommands))('the examples of Ray jobs, through Lautta', () => {
  let clusters: RayServer[]
  let lautta: Standalone
  beforeAll(async () => {
    clusters = await Promise.all([startRay(), startRay()])
    const settings = clusters.map(({ dashboard, serve, tokenFile }, index) => {
      return [`local-${index + 1}`, { dashboard, serve, 'token-file': tokenFile, 'poll-seconds': 0.5 }]
    })
    lautta = await startStandalone({ 'ray-clusters': Object.fromEntries(settings) })
  })
  afterAll(async () => {
    await lautta?.stop()
    await Promise.all(clusters?.map((ray) => ray.stop()) ?? [])
  })
  const ask: Standalone['orders']['ask'] = (path, init) => lautta.orders.ask(path, init)

  it('processing runs on one cluster, and its output is had from Serve while it is there', async () => {
    const directory = await putExample(ask, 'processing')
    const port = Number(new URL(clusters[0]!.serve).port)
    const parameters = processingParameters({ 'serve-seconds': 600, 'serve-port': port, 'serve-host': '127.0.0.1' })
    const jobs = [{ ray: { file: 'parallel_processing.py', directory, parameters } }]
    const id = await lautta.orders.start('local-1', jobs)
    const { output } = await until(async () => {
      const { status, json } = await ask('/v1/ray/clusters/local-1/serve/output')
      return status === 200 ? json : null
    }, 500)
    expect(output.map((one: { id: string }) => one.id).sort()).toEqual(['1-1-1', '1-1-2', '2-2-1', '2-2-2'])
    expect(output[0].seed.mean).toHaveLength(output[0].batches.length)
    await lautta.orders.give(id, 'stop')
    await lautta.orders.untilJob(id, 'local-1', ({ outcome }) => outcome === 'cancelled')
  })

  it('a fan-out is divided between two, and the results are joined by item', async () => {
    const directory = await putExample(ask, 'fan-out')
    const items = Array.from({ length: 12 }, (_, number) => [`file-${number}.txt`, number % 3, number % 5])
    const job = { file: 'process_share.py', directory }
    const body = { clusters: ['local-1', 'local-2'], weights: { CPU: 0.6, RAM: 0.2, GPU: 0.2 }, items, job }
    const { json, status, text } = await ask('/v1/ray/fan-out', asJson(body))
    expect(status, text).toBe(202)
    const done = await until(async () => {
      const { json: found } = await ask(`/v1/ray/fan-out/${json.id}?wait=60`)
      return found.state === 'finished' ? found : null
    })
    expect(done.missing).toEqual([])
    const shares = Object.values<{ data: object }>(done.output).map(({ data }) => Object.keys(data))
    expect(shares).toHaveLength(2)
    for (const share of shares) expect(share.length).toBeGreaterThan(0)
    expect(shares.flat().sort()).toEqual(items.map((item) => JSON.stringify(item)).sort())
  })
})
