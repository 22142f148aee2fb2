import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RayServer, rayCommands, startRay } from '../servers/ray.ts'
import { requireCommands } from '../servers/require-server.ts'
import { type EchoService, startEchoService, type Told } from '../support/echo-service.ts'
import { createForwardClient } from '../support/forward-client.ts'
import { asJson } from '../support/rest-client.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'

describe.skipIf(!requireCommands(rayCommands))('a service of a Ray cluster under the API', () => {
  let ray: RayServer
  let serve: EchoService
  let lautta: Standalone
  beforeAll(async () => {
    ray = await startRay()
    serve = await startEchoService({ 'set-cookie': 'theirs=1', 'content-security-policy': 'default-src *', 'x-kept': 'yes' })
    const near = { dashboard: ray.dashboard, serve: `http://127.0.0.1:${serve.port}`, metrics: [...ray.metrics] }
    const clusters = { 'local-0': { ...near, 'token-file': ray.tokenFile }, bare: { dashboard: ray.dashboard } }
    lautta = await startStandalone({ 'ray-clusters': clusters })
  })
  afterAll(async () => {
    await lautta?.stop()
    await serve?.stop()
    await ray?.stop()
  })

  const ask: Standalone['orders']['ask'] = (path, init) => lautta.orders.ask(`/v1/ray${path}`, init)

  it('gets the request as it is, without the API key and cookies', async () => {
    const { status, json, headers } = await ask('/clusters/local-0/serve/a%2Fb/?x=1&x=%C3%A4', {
      method: 'POST',
      body: 'some bytes',
      headers: { 'content-type': 'text/plain', cookie: 'ours=1', 'x-mine': 'kept' }
    })
    expect(status).toBe(200)
    const told = json as Told
    expect(told).toMatchObject({ method: 'POST', url: '/a%2Fb/?x=1&x=%C3%A4', body: 'some bytes' })
    expect(told.headers).toMatchObject({ 'content-type': 'text/plain', 'x-mine': 'kept' })
    expect(told.headers).not.toHaveProperty('authorization')
    expect(told.headers).not.toHaveProperty('cookie')
    expect(headers.get('x-kept')).toBe('yes')
  })
  it('answers nothing that a browser would run or keep for the API', async () => {
    const { headers } = await ask('/clusters/local-0/serve/')
    expect(headers.get('set-cookie')).toBeNull()
    expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })
  it('says why when there is none', async () => {
    const { status, json } = await ask('/clusters/bare/serve/')
    expect([status, json.detail]).toEqual([503, expect.stringMatching(/^serve of bare does not answer: /)])
    expect((await ask('/clusters/nowhere/serve/')).status).toBe(404)
  })
  it('tells Prometheus its metrics, where it is told to look for them', async () => {
    const { json: targets } = await ask('/metrics-targets')
    const labels = { __scheme__: 'http', __metrics_path__: '/v1/ray/clusters/local-0/metrics/0', cluster: 'local-0' }
    expect(targets).toEqual([
      { targets: [expect.stringMatching(/^127\.0\.0\.1:\d+$/)], labels: { ...labels, platform: 'local-0' } }
    ])
    const { status, text } = await lautta.orders.ask(labels.__metrics_path__)
    expect(status).toBe(200)
    expect(text).toMatch(/^ray_\w+/m)
  })
  it('has no metrics of nodes that nobody knows', async () => {
    const known = await ask('/clusters/local-0/metrics/1')
    expect([known.status, known.json.detail]).toEqual([404, 'local-0 tells no metrics of node 1'])
    expect((await ask('/clusters/bare/metrics/0')).status).toBe(404)
    expect((await ask('/clusters/local-0/metrics/head')).status).toBe(400)
  })
  it('has a node only where it is its metrics', async () => {
    const forward = (more: object) => lautta.orders.ask('/v1/forwards', asJson({ platform: 'local-0', ...more }))
    const { status, json } = await forward({ service: 'serve', node: 1 })
    expect([status, json.detail]).toEqual([400, 'serve is not of a node'])
    const [first, second, again] = [
      await forward({ service: 'metrics' }),
      await forward({ service: 'metrics', node: 1 }),
      await forward({ service: 'metrics', node: 0 })
    ]
    expect([first.json.node, second.json.node, again.json.id]).toEqual([0, 1, first.json.id])
    const waiting = await createForwardClient(lautta.orders.ask).untilForward(second.json.id, (one) => one.state === 'waiting')
    const reason = 'the configuration tells no metrics of node 1 of the Ray cluster local-0'
    expect(waiting).toMatchObject({ waiting: 'cluster', reason, history: [{ reason }] })
  })
})
