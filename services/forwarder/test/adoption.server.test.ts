import { writePickle } from '@lautta/core/pickle/write-pickle'
import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { createForwarder } from '../src/create-forwarder.ts'
import { openTestApi, type TestApi } from './open-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api?.close())

const pickle = writePickle({ name: 'n', platforms: { lumi: { jobs: [{ path: '/a.sh', status: { start: true } }] } } })

describe('requests in the buckets of two users', () => {
  it('are adopted for the one for whom it is switched on, by one of two forwarders', async () => {
    const { config, redis } = api
    const logger = createLogger('silent')
    const installation = openInstallation(config, logger)
    const second = await createForwarder({ config, installation, redis, logger, isAlone: true })
    try {
      const { store, management } = installation
      const isAdopted = async (id: string) => (await api.ask(`/v1/orchestrations/${id}`)).status === 200
      await store.put('mlch-sub-air-other-example-com', 'MANAGEMENT/1.pkl', pickle)
      // The second look of this user comes a full interval after the pickle of the other one was there.
      for (const id of ['1', '2']) {
        await store.put('mlch-sub-air-local', `MANAGEMENT/${id}.pkl`, pickle)
        await until(() => isAdopted(id), 100)
      }
      expect(await management.listOrders('Other@Example.com')).toEqual([])
      expect((await api.ask('/v1/orchestrations/1', { as: 'other' })).status).toBe(404)
      const [listed] = await management.listOrders('local')
      expect([listed?.versions, listed?.orderIds.length]).toEqual([[1], 1])
    } finally {
      await second.close()
    }
  })
})
