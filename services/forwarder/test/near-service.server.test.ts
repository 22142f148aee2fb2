import { createServer } from 'node:http'
import { connectRedis, waitForRedis } from '@lautta/queue/connect-redis'
import { createLocks } from '@lautta/queue/locks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { type HeldForward, holdForward } from './held-forward.ts'
import { openTestApi, type TestApi } from './open-api.ts'

let api: TestApi
let held: HeldForward
beforeAll(async () => {
  api = await openTestApi()
  const service = createServer((_request, response) => response.end('served'))
  held = await holdForward(api, 'serve', service)
})
afterAll(async () => {
  held?.close()
  await api?.close()
})

const serve = () => api.ask('/v1/ray/clusters/compose/serve/')

describe('requests to a service of a cluster', () => {
  it('need no lock once the forward is known', async () => {
    expect((await serve()).text).toBe('served')
    const redis = connectRedis(api.redis)
    await waitForRedis(redis, 5000)
    const answers = await createLocks(redis).withLock('forwards:local', () => Promise.all(Array.from({ length: 20 }, serve)))
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['served']))
    redis.disconnect()
  })

  it('ask for another forward when that one was ended', async () => {
    await api.ask(`/v1/forwards/${held.id}`, { method: 'DELETE' })
    const asked = serve()
    // Nobody opens it.
    const { id } = await until(async () => {
      const { json } = await api.ask('/v1/forwards')
      return json.items.find(({ state }: { state: string }) => state === 'opening')
    })
    await api.ask(`/v1/forwards/${id}`, { method: 'DELETE' })
    const { status, json } = await asked
    expect([status, json.detail]).toEqual([503, 'serve of compose does not answer: ended by its owner'])
  })
})
