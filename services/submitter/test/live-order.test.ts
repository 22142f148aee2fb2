import type { StatusDocument } from '@lautta/core/documents/status-document'
import type { JobEvent } from '@lautta/core/job/job-event'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import type { AcceptedRequest } from '@lautta/core/orchestration/known-order'
import { describe, expect, it } from 'vitest'
import { createLiveOrder } from '../src/live-order.ts'
import { ordersRead } from '../src/orders-read.ts'

/** A version of an adopted request with so many jobs. */
function version(number: number, jobCount: number): AcceptedRequest {
  const jobs = Array.from({ length: jobCount }, () => ({ script: `#!/bin/sh\n# ${number}\n` }))
  const request = orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs } } })
  return { id: '1', createdAt: '', warnings: [], errors: [], request, version: number }
}

function open() {
  const saved: Omit<StatusDocument, 'hmac'>[] = []
  const order = createLiveOrder({
    ...{ request: version(1, 2), platform: 'lumi', saved: null, fence: () => 1, now: () => new Date(0), onHistory: () => {} },
    save: async (status) => void saved.push(status)
  })
  return { order, saved }
}
const started = (number: number): JobEvent => {
  return {
    type: 'ordersRead',
    orders: { starts: new Map([[1, '']]), stops: new Map(), controls: [], tries: new Map() },
    version: number
  }
}

describe('an order of which a newer version is taken in', () => {
  it('declares the jobs that it adds, and keeps those that it drops', async () => {
    const { order, saved } = open()
    await order.feed(0, started(1))
    await order.take(version(2, 3))
    expect(saved.at(-1)?.jobs.map(({ index, version: of, state }) => [index, of, state.kind])).toEqual([
      [0, 1, 'preparing'],
      [1, null, 'declared'],
      [2, null, 'declared']
    ])
    await order.take(version(3, 1))
    expect([saved.length, order.status.jobs.length, order.request.version, [...order.earlier.keys()]]).toEqual([2, 3, 3, [1]])
  })
  it('keeps its version when an older one is read again', async () => {
    const { order } = open()
    await order.take(version(2, 3))
    await order.take(version(1, 2))
    expect(order.request.version).toBe(2)
  })
  it('tells once in its history that newer versions count, and keeps only those by which jobs go', async () => {
    const { order } = open()
    for (let number = 1; number <= 5; number++) {
      await order.take(version(number, 2))
      await order.feed(0, started(number))
    }
    expect(order.status.history.map(({ to, reason }) => [to, reason])).toEqual([
      ['preparing', null],
      ['preparing', 'a newer version of the request counts from now on']
    ])
    expect([order.status.jobs[0]?.version, [...order.earlier.keys()]]).toEqual([5, [4]])
  })
  it('passes over what was prepared for an older one', async () => {
    const { order } = open()
    await order.feed(0, started(1))
    const [before] = order.status.jobs
    await order.take(version(2, 2))
    expect(await order.feed(0, started(2))).toEqual(['prepare'])
    expect(await order.feed(0, { type: 'prepared' }, before)).toEqual([])
    expect(order.status.jobs[0]).toMatchObject({ version: 2, state: { kind: 'preparing' } })
    expect(await order.feed(0, { type: 'prepared' }, order.status.jobs[0])).toEqual(['submit'])
  })
})

describe('a start of a version that could not be read yet', () => {
  it('waits for it, while a job is stopped at once', async () => {
    const { order } = open()
    const one = { schema: 1, platform: 'lumi', index: 0, attempt: 1, version: 2, by: 'u', keyId: 'bucket', at: '', hmac: '' }
    order.orders = [{ ...one, order: 'start' }]
    expect(await order.feed(0, ordersRead(order, 'lumi', 0))).toEqual([])
    expect(order.status.jobs[0]?.state.kind).toBe('declared')
    await order.take(version(2, 2))
    expect(await order.feed(0, ordersRead(order, 'lumi', 0))).toEqual(['prepare'])
    expect(order.status.jobs[0]?.version).toBe(2)
    order.orders = [...order.orders, { ...one, order: 'stop', version: 3 }]
    await order.feed(0, ordersRead(order, 'lumi', 0))
    expect(order.status.jobs[0]?.state).toMatchObject({ kind: 'finished', outcome: 'cancelled' })
  })
})
