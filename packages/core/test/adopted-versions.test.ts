import { describe, expect, it } from 'vitest'
import type { OrderDocument } from '../src/documents/order-document.ts'
import { declareJob, type FinishedState, type Job, type JobState } from '../src/job/job.ts'
import { answerOrder } from '../src/orchestration/answer.ts'
import { type Orchestration, orchestrationSchema } from '../src/orchestration/dictionary.ts'
import { type KnownOrder, partOf } from '../src/orchestration/known-order.ts'
import { ordersInVersion, startOrders, stopOrders } from '../src/orchestration/next-order.ts'

const at = '2026-11-20T12:00:00.000Z'

/** A request with a job for each word, which names the flags that are true: `start`, `cancel`, `both` or `none`. */
function version(jobs: readonly ('start' | 'cancel' | 'both' | 'none')[], platform = 'lumi'): Orchestration {
  const flags = jobs.map((word) => ({ start: word === 'start' || word === 'both', cancel: word === 'cancel' || word === 'both' }))
  const platforms = { [platform]: { jobs: flags.map((status, index) => ({ path: `/${jobs.length}/${index}.sh`, status })) } }
  return orchestrationSchema(['lumi', 'mahti']).parse({ name: `of ${jobs.length}`, platforms })
}

const order = (kind: 'start' | 'stop', attempt: number, index: number): OrderDocument => {
  return { schema: 1, order: kind, attempt, platform: 'lumi', index, version: 1, by: 'u', keyId: 'bucket', at, hmac: '' }
}
const start = (attempt: number, index: number) => order('start', attempt, index)
const running: JobState = { kind: 'running', slurmJobId: '7' }
const ended = (outcome: 'completed' | 'failed' | 'cancelled'): FinishedState => {
  return { kind: 'finished', slurmJobId: '7', outcome, exitCode: 0, reason: null, collecting: 'stored' }
}

/** An adopted order of which version 1 counts, with a job in each of the states. */
function known(request: Orchestration, orders: OrderDocument[], states: JobState[]): KnownOrder {
  const jobs = states.map((state, index): Job => {
    // One that ended without a SLURM id was dropped before it was taken up.
    const isTaken = state.kind !== 'declared' && !(state.kind === 'finished' && state.slurmJobId === null)
    return { ...declareJob(index), version: isTaken ? 1 : null, state }
  })
  const status = { schema: 1, id: '1', platform: 'lumi', fence: 1, sequence: 1, history: [], jobs }
  return {
    request: { id: '1', createdAt: at, warnings: [], request, version: 1, errors: [] },
    earlier: new Map(),
    orders,
    statuses: new Map(states.length === 0 ? [] : [['lumi', status]])
  }
}

describe('the first version of an adopted request', () => {
  it('orders what its flags say', () => {
    const request = version(['start', 'none', 'cancel', 'both'])
    expect(ordersInVersion(known(request, [], []), null, request)).toEqual([
      { order: 'start', attempt: 1, platform: 'lumi', index: 0 },
      { order: 'stop', attempt: 1, platform: 'lumi', index: 2 },
      { order: 'start', attempt: 1, platform: 'lumi', index: 3 },
      { order: 'stop', attempt: 1, platform: 'lumi', index: 3 }
    ])
  })
})

describe('a later version', () => {
  const first = version(['start', 'none'])
  const states: JobState[] = [running, { kind: 'declared' }]
  const active = known(first, [start(1, 0)], states)

  it('orders nothing by a flag that was true before', () => {
    expect(ordersInVersion(active, first, version(['start', 'none']))).toEqual([])
    expect(ordersInVersion(known(first, [start(1, 0)], [ended('failed')]), first, first)).toEqual([])
  })
  it('starts a job, or stops it, when its flag has turned true', () => {
    expect(ordersInVersion(active, first, version(['both', 'start']))).toEqual([
      { order: 'stop', attempt: 1, platform: 'lumi', index: 0 },
      { order: 'start', attempt: 1, platform: 'lumi', index: 1 }
    ])
  })
  it('starts a job that it adds, also on a further platform', () => {
    expect(ordersInVersion(active, first, version(['start', 'none', 'start']))).toEqual([
      { order: 'start', attempt: 1, platform: 'lumi', index: 2 }
    ])
    const both = { ...first, platforms: { ...first.platforms, ...version(['start'], 'mahti').platforms } }
    expect(ordersInVersion(active, first, both)).toEqual([{ order: 'start', attempt: 1, platform: 'mahti', index: 0 }])
  })
  it('starts an ended job as its next attempt, unless it completed', () => {
    const idle = version(['none'])
    const started = (state: JobState) => ordersInVersion(known(idle, [start(1, 0)], [state]), idle, version(['start']))
    expect(started(ended('failed'))).toEqual([{ order: 'start', attempt: 2, platform: 'lumi', index: 0 }])
    expect(started(ended('completed'))).toEqual([])
    expect(started(running)).toEqual([])
  })
  it('starts a stopped job as its next attempt, also while it is ending', () => {
    const idle = version(['cancel'])
    const stopped = [start(1, 0), order('stop', 1, 0)]
    const again = [{ order: 'start', attempt: 2, platform: 'lumi', index: 0 }]
    expect(ordersInVersion(known(idle, stopped, [running]), idle, version(['start']))).toEqual(again)
    expect(ordersInVersion(known(idle, stopped, [ended('cancelled')]), idle, version(['start']))).toEqual(again)
    const begun = known(idle, [...stopped, start(2, 0)], [ended('cancelled')])
    expect(ordersInVersion(begun, idle, version(['start']))).toEqual([])
  })
  it('stops nothing that has ended', () => {
    expect(ordersInVersion(known(first, [start(1, 0)], [ended('failed')]), first, version(['both', 'none']))).toEqual([])
  })
  it('stops what it drops, once, if nothing of it was submitted', () => {
    const dropped = (state: JobState, orders: OrderDocument[] = []) =>
      ordersInVersion(known(first, [start(1, 0), ...orders], [running, state]), first, version(['start']))
    const stop = [{ order: 'stop', attempt: 1, platform: 'lumi', index: 1 }]
    expect(dropped({ kind: 'declared' })).toEqual(stop)
    expect(dropped({ kind: 'preparing' }, [start(1, 1)])).toEqual(stop)
    expect(dropped({ kind: 'preparing' }, [start(1, 1), order('stop', 1, 1)])).toEqual([])
    expect(dropped({ kind: 'submitting', try: 1, answerLost: false }, [start(1, 1)])).toEqual([])
    expect(dropped(ended('failed'), [start(1, 1)])).toEqual([])
    expect(dropped(ended('failed'), [start(1, 1), start(2, 1)])).toEqual([{ ...stop[0], attempt: 2 }])
  })
  it('starts anew what was taken away before', () => {
    const stopped = known(first, [start(1, 0), order('stop', 1, 0)], [ended('cancelled'), { kind: 'declared' }])
    expect(ordersInVersion(stopped, null, first)).toEqual([{ order: 'start', attempt: 2, platform: 'lumi', index: 0 }])
  })
})

describe('an order of which a later version counts', () => {
  const one = version(['start', 'start', 'none'])
  const two = version(['start'])
  /** Version 2 counts, and has one job; of the three of version 1 one runs, one has failed, and one was never taken up. */
  const later: KnownOrder = {
    ...known(one, [start(1, 0), start(1, 1)], [running, ended('failed'), { ...ended('cancelled'), slurmJobId: null }]),
    request: { id: '1', createdAt: at, warnings: [], request: two, version: 2, errors: [] },
    earlier: new Map([[1, one]])
  }

  it('shows each job as it was submitted, and no job that was dropped before', () => {
    const { state, name, platforms } = answerOrder(later)
    expect([state, name]).toEqual(['active', 'of 1'])
    expect(platforms.lumi?.jobs.map(({ index, path }) => [index, path])).toEqual([
      [0, '/3/0.sh'],
      [1, '/3/1.sh']
    ])
  })
  it('starts no job again that is not in it any more', () => {
    const finished: KnownOrder = { ...later, statuses: known(one, [], [ended('completed'), ended('failed')]).statuses }
    expect(startOrders(finished)).toEqual([])
    const started = { ...finished, orders: [...finished.orders, start(2, 1)] }
    expect(answerOrder(started)).toMatchObject({ state: 'finished', outcome: 'failed' })
  })
  it('has no part for a job whose own version can not be read, which is shown and stopped all the same', () => {
    const unread: KnownOrder = { ...later, earlier: new Map() }
    expect(partOf(unread, 'lumi', { version: 1 })).toBeUndefined()
    expect(partOf(unread, 'lumi', { version: 2 })).toBe(two.platforms.lumi)
    expect(partOf(later, 'lumi', { version: 1 })).toBe(one.platforms.lumi)
    expect(answerOrder(unread).platforms.lumi?.jobs.map(({ index }) => index)).toEqual([0])
    expect(stopOrders(unread)).toEqual([{ order: 'stop', attempt: 1 }])
  })
  it('shows the jobs of a platform that it does not have any more', () => {
    const elsewhere: KnownOrder = { ...later, request: { ...later.request, request: version(['none'], 'mahti') } }
    expect(Object.keys(answerOrder(elsewhere).platforms)).toEqual(['mahti', 'lumi'])
  })
})

describe('an order of which a version can not be read', () => {
  const errors = [{ path: 'name', message: 'required' }]
  const first = version(['start'])

  it('goes on by the version before, and warns', () => {
    const before = known(first, [start(1, 0)], [running])
    expect(answerOrder({ ...before, request: { ...before.request, errors } })).toMatchObject({
      state: 'active',
      warnings: ['the newest version is not taken in: name: required']
    })
  })
  it('is refused when there is none before', () => {
    const nothing = { name: '1', labels: {}, platforms: {} }
    const refused = known(nothing, [], [])
    const answer = answerOrder({ ...refused, request: { ...refused.request, version: null, errors } })
    expect(answer).toMatchObject({ state: 'refused', errors, warnings: [], platforms: {}, outcome: null })
    expect(startOrders(refused)).toEqual([])
  })
  it('is not refused before the jobs of an earlier version have ended', () => {
    const nothing = {
      id: '1',
      createdAt: at,
      warnings: [],
      request: { name: '1', labels: {}, platforms: {} },
      version: null,
      errors
    }
    const stateAt = (state: JobState) =>
      answerOrder({ ...known(first, [start(1, 0)], [state]), request: nothing, earlier: new Map([[1, first]]) }).state
    expect([stateAt(running), stateAt(ended('cancelled'))]).toEqual(['active', 'refused'])
  })
})
