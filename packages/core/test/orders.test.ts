import { describe, expect, it } from 'vitest'
import type { OrderDocument } from '../src/documents/order-document.ts'
import { foldOrders, isAheadOf, isHeld, nextControls, ordersUpTo, startedAttempt, startOf, stopOf } from '../src/job/orders.ts'

let second = 0
function order(kind: OrderDocument['order'], attempt: number, more: Partial<OrderDocument> = {}): OrderDocument {
  const at = `2026-11-20T12:00:${String(second++).padStart(2, '0')}Z`
  return { schema: 1, id: at, order: kind, attempt, by: 'u', keyId: 'k', at, hmac: '', ...more }
}
const fold = (...orders: OrderDocument[]) => foldOrders(orders, [], 'lumi', 0)

describe('orders', () => {
  it('allow the attempt of the newest start', () => {
    expect(startedAttempt(fold(order('start', 1), order('start', 2)))).toBe(2)
    expect(startedAttempt(fold())).toBe(0)
  })
  it('end, by a stop, its attempt and the earlier ones', () => {
    const folded = fold(order('start', 1), order('start', 2), order('stop', 2))
    expect(stopOf(folded, 1)).not.toBeNull()
    expect(stopOf(folded, 2)).not.toBeNull()
  })
  it('end the retries under a start that was stopped, but not the next start', () => {
    const folded = fold(order('start', 1), order('stop', 1), order('start', 4))
    expect(stopOf(folded, 2)).not.toBeNull()
    expect(stopOf(folded, 3)).not.toBeNull()
    expect(stopOf(folded, 4)).toBeNull()
  })
  it('date a retry by the start under which it runs', () => {
    const first = order('start', 1)
    expect(startOf(fold(first), 3)).toBe(first.at)
  })
  it('count once when they come twice, with the earliest time', () => {
    const early = order('stop', 1)
    const late = order('stop', 1)
    expect(stopOf(fold(late, early, order('start', 1)), 1)).toBe(early.at)
  })
  it('concern all jobs, one platform, or one job of it', () => {
    const orders = [order('start', 1, { platform: 'lumi', index: 1 }), order('start', 2, { platform: 'mahti' })]
    expect(startedAttempt(foldOrders(orders, [], 'lumi', 0))).toBe(0)
    expect(startedAttempt(foldOrders(orders, [], 'lumi', 1))).toBe(1)
    expect(startedAttempt(foldOrders(orders, [], 'mahti', 7))).toBe(2)
  })
})

describe('control orders', () => {
  it('are taken one after the other, in the sequence in which they were given, whatever the sequence of reading', () => {
    const [hold, release] = [order('hold', 1), order('release', 1)]
    const folded = fold(release, hold)
    expect(nextControls(folded, 1, [])).toMatchObject([{ order: 'hold', id: hold.id }])
    expect(nextControls(folded, 1, [{ id: hold.at, order: 'hold', task: null }])).toMatchObject([{ order: 'release' }])
    expect(nextControls(folded, 1, [{ id: release.at, order: 'release', task: null }])).toEqual([])
    expect(nextControls(folded, 2, [])).toEqual([])
  })
  it('hold a job before it is submitted, when the last of them says so', () => {
    const [hold, requeue] = [order('hold', 1), order('requeue', 1)]
    expect(isHeld(fold(hold, requeue), 1)).toBe(true)
    expect(isHeld(fold(hold, order('release', 1)), 1)).toBe(false)
    expect(isHeld(fold(hold), 2)).toBe(false)
  })
  it('of kind cancel stop one job', () => {
    expect(stopOf(fold(order('start', 1), order('cancel', 1, { platform: 'lumi', index: 0 })), 1)).not.toBeNull()
    expect(stopOf(fold(order('start', 1), order('cancel', 1, { platform: 'lumi', index: 1 })), 1)).toBeNull()
  })
})

describe('orders for one task', () => {
  it('of kind cancel stop no job, and are carried out once', () => {
    const cancel = order('cancel', 1, { platform: 'lumi', index: 0, task: 7 })
    const folded = fold(order('start', 1), cancel)
    expect(stopOf(folded, 1)).toBeNull()
    expect(nextControls(folded, 1, [])).toMatchObject([{ order: 'cancel', task: 7 }])
    expect(nextControls(folded, 1, [{ id: cancel.at, order: 'cancel', task: 7 }])).toEqual([])
  })
  it('count for their task only: the last hold or release of each', () => {
    const [early, late] = [order('hold', 1, { task: 3 }), order('release', 1, { task: 4 })]
    const folded = fold(early, late)
    expect(nextControls(folded, 1, [{ id: late.at, order: 'release', task: 4 }])).toMatchObject([{ order: 'hold', task: 3 }])
    expect(nextControls(folded, 1, [{ id: `${late.at}+`, order: 'release', task: 3 }])).toMatchObject([{ task: 4 }])
    expect(isHeld(folded, 1)).toBe(false)
  })
})

describe('orders out of an adopted request', () => {
  it('wait for the version in which they start something, and for none to stop it', () => {
    const given = [order('start', 1, { version: 1 }), order('start', 2, { version: 2 }), order('stop', 2, { version: 3 })]
    const rest = order('start', 3)
    expect(ordersUpTo(1, [...given, rest])).toEqual([given[0], given[2], rest])
    expect(ordersUpTo(null, given)).toEqual(given)
  })
})

describe('a try that was begun', () => {
  const begun = { platform: 'lumi', index: 0, attempt: 1, try: 1 }
  const job = { attempt: 1, preparedAt: null, state: { kind: 'submitting' as const, try: 1, answerLost: false } }
  it('may be of another version than the job that knows its number, or know what that costs', () => {
    const estimate = { cpuBu: 1, gpuBu: 0 }
    expect(isAheadOf({ ...job, version: 1, estimate }, begun)).toBe(true)
    expect(isAheadOf({ ...job, version: null, estimate: null }, begun)).toBe(true)
    expect(isAheadOf({ ...job, version: null, estimate }, begun)).toBe(false)
  })
})
