import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RayServer, rayCommands, startRay } from '../servers/ray.ts'
import { requireCommands } from '../servers/require-server.ts'
import { createForwardClient } from '../support/forward-client.ts'
import { asJson } from '../support/rest-client.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'

describe.skipIf(!requireCommands(rayCommands))('a forward to a Ray cluster of the configuration', () => {
  let ray: RayServer
  let lautta: Standalone
  let forwards: ReturnType<typeof createForwardClient>
  beforeAll(async () => {
    ray = await startRay()
    const cluster = { dashboard: ray.dashboard, client: ray.client, 'token-file': ray.tokenFile, 'poll-seconds': 0.5 }
    lautta = await startStandalone({ 'ray-clusters': { 'local-1': cluster }, forwards: { ports: { dashboard: '20000-29999' } } })
    forwards = createForwardClient(lautta.orders.ask)
  })
  afterAll(async () => {
    await lautta?.stop()
    await ray?.stop()
  })
  const create = async (service: string) => (await forwards.ask('/v1/forwards', asJson({ platform: 'local-1', service }))).json

  it('opens its dashboard with the token of the configuration, waits while it is away, and ends with its owner’s word', async () => {
    const { id } = await create('dashboard')
    await forwards.untilForward(id, ({ state }) => state === 'open')
    const { origin, cookie } = await forwards.enter(id)
    const version = () => fetch(`${origin}/api/version`, { headers: { cookie } })
    expect(await (await version()).json()).toMatchObject({ ray_version: '2.60.0' })
    // Whoever knows the token gets it back as a cookie, and we know it.
    const authenticated = await fetch(`${origin}/api/authenticate`, { method: 'POST', headers: { cookie } })
    expect([authenticated.status, await authenticated.json()]).toEqual([
      200,
      expect.objectContaining({ status: 'authenticated' })
    ])
    expect(authenticated.headers.getSetCookie()).toEqual([])
    expect(JSON.stringify([...authenticated.headers])).not.toContain(ray.token)
    await ray.kill()
    expect((await version()).status).toBe(502)
    await forwards.untilForward(id, ({ waiting }) => waiting === 'platform')
    await ray.restart()
    await forwards.untilForward(id, ({ state }) => state === 'open')
    expect((await version()).status).toBe(200)
    await forwards.ask(`/v1/forwards/${id}`, { method: 'DELETE' })
    expect((await version()).status).toBe(410)
  })

  it('waits with the reason where the configuration tells of no such service', async () => {
    const { id } = await create('serve')
    const waiting = await forwards.untilForward(id, ({ state }) => state === 'waiting')
    expect(waiting).toMatchObject({ waiting: 'cluster', reason: 'the configuration tells no serve of the Ray cluster local-1' })
  })
})
