import type { HistoryEntry } from '@lautta/core/documents/status-document'
import { declareJob } from '@lautta/core/job/job'
import { createChanges } from '@lautta/queue/changes'
import { connectRedis, type Redis, waitForRedis } from '@lautta/queue/connect-redis'
import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { until } from '../../../test/support/until.ts'
import { openTestApi, type TestApi } from './open-api.ts'

let api: TestApi
let redis: Redis
let id: string
beforeAll(async () => {
  api = await openTestApi()
  redis = connectRedis(api.redis)
  await waitForRedis(redis, 5000)
})
afterAll(async () => {
  redis?.disconnect()
  await api?.close()
})
beforeEach(async () => {
  const body = { name: 'n', platforms: { lumi: { jobs: [{ script: '#!/bin/sh\n' }] } } }
  id = (await api.ask('/v1/orchestrations', asJson(body))).json.id
})

const steps = ['declared', 'preparing', 'submitting', 'queued', 'running']
/** Writes a status with that many steps, one every other minute, as a submitter does, and tells of it. */
const writeHistory = async (length: number): Promise<void> => {
  const { management } = openInstallation(api.config, createLogger('silent'))
  const history: HistoryEntry[] = steps.slice(1, length + 1).map((to, index) => ({
    ...{ sequence: index + 1, index: 0, at: `2026-11-20T10:0${index * 2}:00.000Z` },
    ...{ from: steps[index] ?? '', to, reason: null, by: 'submitter' }
  }))
  const status = { schema: 1 as const, id, platform: 'lumi', fence: 1, sequence: length, jobs: [declareJob(0)], history }
  await management.writeStatus('local', status)
  await createChanges(redis).tell({ user: 'local', id })
}

interface Followed {
  /** The ids and kinds of what came, in words like `lumi:1` and `resync`. */
  received: string[]
  close(): void
}
async function follow(headers: Record<string, string> = {}): Promise<Followed> {
  const closing = new AbortController()
  const response = await fetch(`${api.url}/v1/orchestrations/${id}/events`, {
    headers: { authorization: 'Bearer key-of-the-local-user', accept: 'text/event-stream', ...headers },
    signal: closing.signal
  })
  const received: string[] = []
  const read = async (): Promise<void> => {
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      for (const [, eventId, kind] of text.matchAll(/(?:id: \S+?:(\S+)\n)?event: (\w+)\n/g)) received.push(eventId ?? kind!)
    }
  }
  read().catch(() => {})
  return { received, close: () => closing.abort() }
}

describe('the events of an order', () => {
  it('are its history as a list', async () => {
    await writeHistory(2)
    const { json } = await api.ask(`/v1/orchestrations/${id}/events`)
    expect(json.items).toMatchObject([
      { id: `${id}:lumi:1`, orchestration: id, platform: 'lumi', index: 0, from: 'declared', to: 'preparing' },
      { id: `${id}:lumi:2`, from: 'preparing', to: 'submitting' }
    ])
  })
  it('come as they happen, each once, in order', async () => {
    await writeHistory(1)
    const followed = await follow()
    await until(() => followed.received.length === 1)
    for (const length of [2, 3, 4]) await writeHistory(length)
    await until(() => followed.received.length >= 4)
    followed.close()
    expect(followed.received).toEqual(['lumi:1', 'lumi:2', 'lumi:3', 'lumi:4'])
  })
  it('go on after the last one seen, from a minute before it', async () => {
    await writeHistory(4)
    const followed = await follow({ 'last-event-id': `${id}:lumi:3` })
    await until(() => followed.received.includes('lumi:4'))
    followed.close()
    expect(followed.received).toEqual(['lumi:3', 'lumi:4'])
  })
  it('may be left at any moment', async () => {
    for (let round = 0; round < 20; round++) {
      const followed = await follow()
      const written = writeHistory((round % 4) + 1)
      followed.close()
      await written
    }
    expect((await api.ask('/health/live')).status).toBe(200)
  })
  it('begin anew, and say so, when the last one seen is not known', async () => {
    await writeHistory(2)
    const followed = await follow({ 'last-event-id': `${id}:lumi:99` })
    await until(() => followed.received.length >= 3)
    followed.close()
    expect(followed.received).toEqual(['resync', 'lumi:1', 'lumi:2'])
  })
})
