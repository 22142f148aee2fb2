import { createChanges } from '@lautta/queue/changes'
import { connectRedis, waitForRedis } from '@lautta/queue/connect-redis'
import { expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { until } from '../../../test/support/until.ts'
import { followLog } from './follow-log.ts'
import { openTestApi } from './open-api.ts'
import { openRawClient } from './raw-client.ts'
import { openSubmitterWrites, running } from './submitter-writes.ts'

it('that the log of a job grew is news for those who follow that log alone', async () => {
  const looks = { log0: 0, log1: 0, order: 0 }
  const api = await openTestApi({
    watch: (store) => ({
      ...store,
      async list(bucket, options) {
        if (options?.prefix?.includes('-lumi-0-1/')) looks.log0++
        if (options?.prefix?.includes('-lumi-1-1/')) looks.log1++
        return store.list(bucket, options)
      }
    }),
    watchDocuments: (management) => ({
      ...management,
      listOrder(user, order) {
        looks.order++
        return management.listOrder(user, order)
      }
    })
  })
  const redis = connectRedis(api.redis)
  await waitForRedis(redis, 5000)
  const submitter = await openSubmitterWrites(api)
  const job = { script: '#!/bin/sh\n' }
  const { id } = (await api.ask('/v1/orchestrations', asJson({ name: 'n', platforms: { lumi: { jobs: [job, job] } } }))).json
  await submitter.write(id, 'lumi', [running, running])
  const url = `${api.url}/v1/orchestrations/${id}`
  // Nothing has happened yet: the answer begins all the same.
  const raw = await openRawClient(api.url, `GET ${new URL(url).pathname}/events`, { accept: 'text/event-stream' })
  await raw.untilReceived(/\r\n\r\n/)
  expect(raw.received()).toMatch(/\r\n\r\n$/)
  const followers = [await followLog(`${url}/jobs/lumi/0/log`), await followLog(`${url}/jobs/lumi/1/log`)]
  await until(() => looks.log0 > 0 && looks.log1 > 0)
  const before = { ...looks }
  await until(async () => {
    await createChanges(redis).tell({ user: 'local', id, log: { platform: 'lumi', index: 1 } })
    return looks.log1 >= before.log1 + 3
  })
  expect(looks.log0).toBe(before.log0)
  // Each look at a log reads the order; the events do not.
  expect(looks.order - before.order).toBeLessThanOrEqual(looks.log1 - before.log1 + 1)
  raw.socket.destroy()
  for (const one of followers) one.leave()
  submitter.close()
  redis.disconnect()
  await api.close()
})
