import { describe, expect, it } from 'vitest'
import type { OrderDocument } from '../src/documents/order-document.ts'
import { declareJob, type Job } from '../src/job/job.ts'
import type { Outcome } from '../src/job/outcome.ts'
import type { KnownOrder } from '../src/orchestration/answer.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'
import { ordersInRequest, startOrder, stopOrder } from '../src/orchestration/next-order.ts'

const at = '2026-11-20T12:00:00.000Z'
const jobs = [{ path: '/a/run.sh' }, { path: '/a/run.sh' }]
const request = orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs } } })
const start = (attempt: number): OrderDocument => ({ schema: 1, order: 'start', attempt, by: 'u', keyId: 'k', at, hmac: '' })

/** An order whose two jobs are in the given attempts: running, or ended. */
function known(orders: OrderDocument[], ...states: [number, 'running' | Outcome][]): KnownOrder {
  const found = states.map(([attempt, state], index): Job => {
    const onPlatform = { slurmJobId: '7', outPath: null, errPath: null }
    const ended = { kind: 'finished' as const, ...onPlatform, exitCode: 0, reason: null, endedAt: at, evidence: 'accounting' }
    const kind = state === 'running' ? { kind: 'running' as const, ...onPlatform } : { ...ended, outcome: state }
    return { ...declareJob(index), attempt, state: kind as Job['state'] }
  })
  const head = { schema: 1 as const, id: 'i', hmac: '' }
  const status = { ...head, platform: 'lumi', fence: 1, sequence: 1, history: [], jobs: found }
  return {
    request: { ...head, user: 'u', createdAt: at, bodySha256: '', warnings: [], request },
    orders,
    statuses: new Map(states.length === 0 ? [] : [['lumi', status]])
  }
}

describe('a start', () => {
  it('is of attempt 1 at first', () => {
    expect(startOrder(known([]))).toEqual({ order: 'start', attempt: 1 })
  })
  it('is nothing new while the order is active, or when all of it completed', () => {
    expect(startOrder(known([start(1)]))).toBeNull()
    expect(startOrder(known([start(1)], [1, 'failed'], [1, 'running']))).toBeNull()
    expect(startOrder(known([start(1)], [1, 'completed'], [1, 'completed']))).toBeNull()
  })
  it('is of the next attempt when all have ended and one did not complete', () => {
    expect(startOrder(known([start(1)], [1, 'completed'], [1, 'failed']))).toEqual({ order: 'start', attempt: 2 })
    expect(startOrder(known([start(2)], [1, 'completed'], [2, 'cancelled']))).toEqual({ order: 'start', attempt: 3 })
  })
})

describe('a stop', () => {
  it('ends the present attempts', () => {
    expect(stopOrder(known([]))).toEqual({ order: 'stop', attempt: 1 })
    expect(stopOrder(known([start(2)], [1, 'completed'], [2, 'running']))).toEqual({ order: 'stop', attempt: 2 })
  })
  it('is nothing when all have ended', () => {
    expect(stopOrder(known([start(1)], [1, 'failed'], [1, 'completed']))).toBeNull()
  })
})

describe("seed 000's flags in a request", () => {
  it('are orders for their job', () => {
    const flags = [{ path: '/a', status: { start: true } }, { path: '/a' }, { path: '/a', status: { cancel: true } }]
    const flagged = orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs: flags } } })
    expect(ordersInRequest(flagged)).toEqual([
      { order: 'start', attempt: 1, platform: 'lumi', index: 0 },
      { order: 'stop', attempt: 1, platform: 'lumi', index: 2 }
    ])
  })
})
