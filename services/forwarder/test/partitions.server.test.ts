import { CredentialsError } from '@lautta/core/errors'
import type { Question } from '@lautta/core/messages'
import { tellPartitions } from '@lautta/core/platform/tell-partitions'
import { consumeAsk } from '@lautta/queue/consume-ask'
import type { Consumer } from '@lautta/queue/queues'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { openTestApi, type TestApi } from './open-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api?.close())

let submitter: Consumer | undefined
afterEach(() => submitter?.close())
const answer = (handle: (question: Question) => unknown): void => {
  submitter = consumeAsk(api.redis, 1, async (question) => ({ answer: handle(question) }))
}
const partitionsOf = (platform: string, as: 'local' | 'other' = 'other') =>
  api.ask(`/v1/platforms/${platform}/partitions`, { as })

describe('partitions', () => {
  it('are asked of the platform in the name of the caller', async () => {
    const lumi = api.config.platforms.find(({ name }) => name === 'lumi')!
    const discovered = {
      partitions: [{ ...lumi.partitions[0]!, state: 'UP', 'max-nodes': 500, note: null }],
      maxArraySize: 1001,
      associations: [{ account: 'project_1', partition: null, mostSubmitted: 9, mostRunning: null, mostSeconds: 60 }],
      readAt: new Date(0)
    }
    const asked: Question[] = []
    answer((question) => {
      asked.push(question)
      return tellPartitions(lumi, discovered)
    })
    const { status, json } = await partitionsOf('lumi')
    expect([status, asked]).toEqual([200, [{ kind: 'partitions', user: 'Other@Example.com', platform: 'lumi' }]])
    expect(json).toMatchObject({ 'max-array-size': 1001, 'read-at': '1970-01-01T00:00:00.000Z', next: null })
    expect(json.associations).toMatchObject([{ account: 'project_1', 'max-jobs-submitted': 9, 'time-limit-seconds': 60 }])
    const billing = '128·nodes CPU BU an hour'
    expect(json.items).toMatchObject([{ name: 'standard', source: 'platform', 'max-nodes': 500, note: 'full nodes', billing }])
  })
  it('are those of the profile, with the month in which they were read, while the platform is not heard', async () => {
    answer(() => {
      throw new CredentialsError('no credential for lumi', { hint: 'put one there' })
    })
    const { status, json } = await partitionsOf('lumi')
    expect(status).toBe(200)
    expect(json).toMatchObject({ 'read-at': '2024-10', detail: 'no credential for lumi', hint: 'put one there' })
    expect(json.items).toHaveLength(7)
    expect(json.items[0]).toMatchObject({ name: 'standard', source: 'profile', 'max-jobs-submitted': 120 })
  })
  it('of a platform that is not for the caller, or not there, are not told', async () => {
    expect((await partitionsOf('local')).status).toBe(404)
    expect((await partitionsOf('unknown', 'local')).status).toBe(404)
  })
})

describe('a platform that was closed', () => {
  it('is listed with the days', async () => {
    const { items } = (await api.ask('/v1/platforms')).json
    const of = (platform: string) => items.find(({ name }: { name: string }) => name === platform)
    const closed = { 'compute-closed-on': '2026-07-31', 'storage-closed-on': '2026-10-15' }
    expect(of('puhti')).toMatchObject({ architecture: 'x86_64', retired: closed })
    expect(of('roihu-gpu')).toMatchObject({ architecture: 'aarch64', retired: null })
  })
  it('takes orders with a warning', async () => {
    const jobs = [{ script: '#!/bin/sh\n' }]
    const order = { name: 'n', platforms: { puhti: { jobs }, lumi: { jobs } } }
    const { status, json } = await api.ask('/v1/orchestrations', asJson(order))
    const warnings = ['platforms.puhti is retired: computing was closed on 2026-07-31, storage on 2026-10-15']
    expect([status, json.warnings]).toEqual([202, warnings])
    expect((await api.ask(`/v1/orchestrations/${json.id}`)).json.warnings).toEqual(warnings)
  })
})
