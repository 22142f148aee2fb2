import { describe, expect, it } from 'vitest'
import type { OrderDocument } from '../src/documents/order-document.ts'
import { declareJob, type Job } from '../src/job/job.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'
import { allJobsOf, type KnownOrder } from '../src/orchestration/known-order.ts'
import { taskOrders } from '../src/orchestration/task-orders.ts'

/** An order of one job, which is as given. */
function known(request: object, job: Partial<Job>, orders: OrderDocument[] = []): KnownOrder {
  const parsed = orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs: [request] } } })
  const status = {
    schema: 1,
    id: 'i',
    platform: 'lumi',
    fence: 1,
    sequence: 1,
    history: [],
    jobs: [{ ...declareJob(0), ...job }]
  }
  return {
    request: { id: 'i', createdAt: '', warnings: [], request: parsed, version: null, errors: [] },
    ...{ earlier: new Map(), orders, statuses: new Map([['lumi', status]]) }
  }
}
const decide = (found: KnownOrder, verb: OrderDocument['order'], task: number) =>
  taskOrders(found, allJobsOf(found)[0]!, verb, task)
const given = (order: string, task: number, attempt = 1) => ({ orders: [{ order, attempt, platform: 'lumi', index: 0, task }] })
const group = (tasks: string, state: 'queued' | 'running' | 'finished') => ({
  tasks,
  state,
  outcome: null,
  exitCode: null,
  reason: null
})
const script = '#!/bin/sh\n'
const open = { array: '1-4', tasks: [group('1', 'finished'), group('2', 'running'), group('3-4', 'queued')] }
const running = { ...open, state: { kind: 'running' as const, slurmJobId: '7' } }

describe('an order for one task', () => {
  const found = known({ path: '/a.sh' }, running)
  it('is of the attempt that runs', () => {
    expect(decide(found, 'cancel', 2)).toEqual(given('cancel', 2))
    expect(decide(found, 'cancel', 3)).toEqual(given('cancel', 3))
    expect(decide(found, 'hold', 4)).toEqual(given('hold', 4))
    expect(decide(found, 'release', 4)).toEqual(given('release', 4))
    expect(decide(found, 'requeue', 2)).toEqual(given('requeue', 2))
  })
  it('is refused where it can have no effect', () => {
    for (const [verb, task] of [
      ['cancel', 1],
      ['hold', 2],
      ['requeue', 3]
    ] as const) {
      expect(decide(found, verb, task), verb).toHaveProperty('conflict')
    }
    const ended = {
      ...open,
      state: { kind: 'finishing' as const, slurmJobId: '7', outcome: 'failed' as const, exitCode: 1, reason: null }
    }
    expect(decide(known({ path: '/a.sh' }, ended), 'cancel', 2)).toHaveProperty('conflict', 'the job has ended')
  })
  it('is none of a task that the array does not have, nor of a job that is no array', () => {
    expect(decide(found, 'cancel', 5)).toEqual({ noTask: 'the array has no task 5; its tasks are 1-4' })
    const plain = { state: running.state }
    expect(decide(known({ path: '/a.sh' }, plain), 'cancel', 5)).toHaveProperty('noArray')
    expect(decide(known({ script }, {}), 'cancel', 5)).toHaveProperty('noArray')
  })
  it('may come before the array is submitted, as far as it is known that it will be one', () => {
    expect(decide(known({ path: '/a.sh', array: '0-9:3' }, {}), 'cancel', 6)).toEqual(given('cancel', 6))
    expect(decide(known({ script: `${script}#SBATCH -a 1-2\n` }, {}), 'hold', 2)).toEqual(given('hold', 2))
    expect(decide(known({ script, array: '0-9' }, {}), 'requeue', 6)).toHaveProperty('conflict')
    expect(decide(known({ path: '/a.sh' }, {}), 'cancel', 6)).toHaveProperty('conflict')
  })
  it('is of the next attempt when its start stands already', () => {
    const start = { schema: 1, order: 'start' as const, attempt: 2, by: 'u', keyId: 'k', at: '', hmac: '' }
    const ended = {
      ...open,
      state: {
        kind: 'finished' as const,
        slurmJobId: '7',
        outcome: 'failed' as const,
        exitCode: 1,
        reason: null,
        collecting: 'stored' as const
      }
    }
    expect(decide(known({ script, array: '1-4' }, ended, [start]), 'cancel', 1)).toEqual(given('cancel', 1, 2))
  })
})
