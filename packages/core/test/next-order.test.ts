import { describe, expect, it } from 'vitest'
import type { OrderDocument } from '../src/documents/order-document.ts'
import { declareJob, type Job } from '../src/job/job.ts'
import type { Outcome } from '../src/job/outcome.ts'
import { answerOrder } from '../src/orchestration/answer.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'
import { allJobsOf, type KnownOrder } from '../src/orchestration/known-order.ts'
import { controlOrders, ordersInRequest, startOrders, stopOrders } from '../src/orchestration/next-order.ts'

const at = '2026-11-20T12:00:00.000Z'
const jobs = [{ path: '/a/run.sh' }, { path: '/a/run.sh' }]
const request = orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs } } })
const order = (kind: OrderDocument['order'], attempt: number, more: Partial<OrderDocument> = {}): OrderDocument => {
  return { schema: 1, order: kind, attempt, by: 'u', keyId: 'k', at, hmac: '', ...more }
}
const start = (attempt: number) => order('start', attempt)

/** An order whose two jobs are in the given attempts: running, or ended. */
function known(orders: OrderDocument[], ...states: [number, 'declared' | 'running' | Outcome][]): KnownOrder {
  const found = states.map(([attempt, state], index): Job => {
    const onPlatform = { slurmJobId: '7', outPath: null, errPath: null }
    const ended = { kind: 'finished' as const, ...onPlatform, exitCode: 0, reason: null, collecting: 'owed' }
    if (state === 'declared') return declareJob(index)
    const kind = state === 'running' ? { kind: 'running' as const, ...onPlatform } : { ...ended, outcome: state }
    return { ...declareJob(index), attempt, state: kind as Job['state'] }
  })
  const head = { schema: 1 as const, id: 'i', hmac: '' }
  const status = { ...head, platform: 'lumi', fence: 1, sequence: 1, history: [], jobs: found }
  return {
    request: { id: 'i', createdAt: at, warnings: [], request, version: null, errors: [] },
    earlier: new Map(),
    orders,
    statuses: new Map(states.length === 0 ? [] : [['lumi', status]])
  }
}

describe('a start', () => {
  it('is of attempt 1 at first', () => {
    expect(startOrders(known([]))).toEqual([{ order: 'start', attempt: 1 }])
  })
  it('is nothing new while the order is active, or when all of it completed', () => {
    expect(startOrders(known([start(1)]))).toEqual([])
    expect(startOrders(known([start(1)], [1, 'failed'], [1, 'running']))).toEqual([])
    expect(startOrders(known([start(1)], [1, 'completed'], [1, 'completed']))).toEqual([])
  })
  it('is of the next attempt when all have ended and one did not complete', () => {
    expect(startOrders(known([start(1)], [1, 'completed'], [1, 'failed']))).toEqual([{ order: 'start', attempt: 2 }])
    expect(startOrders(known([start(2)], [1, 'completed'], [2, 'cancelled']))).toEqual([{ order: 'start', attempt: 3 }])
  })
})

describe('a start that the submitter has not taken in yet', () => {
  const failed = known([start(1), start(2)], [1, 'failed'], [1, 'completed'])
  it('is not ordered once more, and can be stopped', () => {
    expect(startOrders(failed)).toEqual([])
    expect(stopOrders(failed)).toEqual([{ order: 'stop', attempt: 2 }])
  })
  it('makes the order active', () => {
    expect(answerOrder(failed)).toMatchObject({ state: 'active', outcome: null })
    expect(answerOrder(known([start(1)], [1, 'failed'], [1, 'completed']))).toMatchObject({
      state: 'finished',
      outcome: 'failed'
    })
  })
})

describe('a start after a stop', () => {
  it('is of an attempt that the stop does not name, also when nothing had begun', () => {
    expect(startOrders(known([order('stop', 1)]))).toEqual([{ order: 'start', attempt: 2 }])
    expect(startOrders(known([start(1), order('stop', 1)]))).toEqual([{ order: 'start', attempt: 2 }])
  })
})

describe('a start of an order of which only some jobs were started', () => {
  it('is of the others, and touches no job that runs', () => {
    const first = order('start', 1, { platform: 'lumi', index: 0 })
    const rest = [{ order: 'start', attempt: 1, platform: 'lumi', index: 1 }]
    expect(startOrders(known([first], [1, 'running'], [1, 'declared']))).toEqual(rest)
    expect(startOrders(known([first], [1, 'failed'], [1, 'declared']))).toEqual(rest)
  })
})

describe('a stop', () => {
  it('ends the present attempts', () => {
    expect(stopOrders(known([]))).toEqual([{ order: 'stop', attempt: 1 }])
    expect(stopOrders(known([start(2)], [1, 'completed'], [2, 'running']))).toEqual([{ order: 'stop', attempt: 2 }])
  })
  it('is nothing when all have ended', () => {
    expect(stopOrders(known([start(1)], [1, 'failed'], [1, 'completed']))).toEqual([])
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

describe('an order for one job', () => {
  const decide = (found: KnownOrder, verb: Parameters<typeof controlOrders>[2]) =>
    controlOrders(found, allJobsOf(found)[0]!, verb)
  const given = (verb: string, attempt: number) => ({ orders: [{ order: verb, attempt, platform: 'lumi', index: 0 }] })

  it('is of the attempt that runs, or of the one that begins next', () => {
    const running = known([start(1), start(2)], [2, 'running'], [1, 'completed'])
    for (const verb of ['cancel', 'release', 'requeue'] as const) expect(decide(running, verb)).toEqual(given(verb, 2))
    for (const verb of ['cancel', 'hold', 'release'] as const) expect(decide(known([]), verb)).toEqual(given(verb, 1))
    for (const given of [
      order('hold', 1, { platform: 'lumi', index: 0 }),
      order('cancel', 1, { platform: 'lumi', index: 0, task: 3 })
    ]) {
      expect(startOrders(known([given]))).toEqual([{ order: 'start', attempt: 1 }])
    }
  })
  it('may hold an array that runs, as long as tasks of it wait', () => {
    const found = known([start(1)], [1, 'running'], [1, 'running'])
    const [job] = found.statuses.get('lumi')?.jobs ?? []
    Object.assign(job ?? {}, {
      array: '1-2',
      tasks: [
        { tasks: '1', state: 'running' },
        { tasks: '2', state: 'queued' }
      ]
    })
    expect(decide(found, 'hold')).toEqual(given('hold', 1))
    Object.assign(job ?? {}, { tasks: [{ tasks: '1-2', state: 'running' }] })
    expect(decide(found, 'hold')).toHaveProperty('conflict')
  })
  it('is refused where it can have no effect', () => {
    const ended = known([start(1)], [1, 'failed'], [1, 'failed'])
    for (const verb of ['hold', 'release', 'requeue'] as const) expect(decide(ended, verb)).toHaveProperty('conflict')
    expect(decide(ended, 'cancel')).toEqual({ orders: [] })
    expect(decide(known([start(1)]), 'requeue')).toHaveProperty('conflict')
    expect(decide(known([start(1)], [1, 'running'], [1, 'running']), 'hold')).toHaveProperty('conflict')
  })
})
