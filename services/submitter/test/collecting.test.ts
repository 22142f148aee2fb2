import { declareJob } from '@lautta/core/job/job'
import type { CollectMessage } from '@lautta/core/messages'
import { logPiecePath, logTablePath, quarantinePath, sacctPath, timesPath } from '@lautta/core/object-names'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import { describe, expect, it } from 'vitest'
import { createCollecting } from '../src/collecting.ts'
import { createLiveOrder } from '../src/live-order.ts'
import type { SessionPorts } from '../src/session-ports.ts'
import { createMemoryStore } from './model/model-store.ts'

const jobCount = 3

/** An order whose jobs have ended, and of which nothing is stored yet; or of which all run. */
function openCollecting({ areRunning = false, endSeenAt = null }: { areRunning?: boolean; endSeenAt?: string | null } = {}) {
  let nowMs = 0
  const asked: CollectMessage[] = []
  const store = createMemoryStore()
  const finished = {
    kind: 'finished',
    slurmJobId: '1',
    outcome: 'completed',
    exitCode: 0,
    reason: null,
    collecting: 'owed'
  } as const
  const state = areRunning ? ({ kind: 'running', slurmJobId: '1' } as const) : finished
  const jobs = Array.from({ length: jobCount }, (_, index) => ({ ...declareJob(index), state, endSeenAt }))
  const request = orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs: [{ path: '/a.sh' }] } } })
  const order = createLiveOrder({
    request: { id: '1', createdAt: '', warnings: [], errors: [], request, version: null },
    saved: { schema: 1, id: '1', platform: 'lumi', fence: 1, sequence: 1, jobs, history: [], hmac: '' },
    ...{ platform: 'lumi', fence: () => 1, now: () => new Date(nowMs), save: async () => {}, onHistory: () => {} }
  })
  const collecting = createCollecting({
    ...{ user: 'u', known: { name: 'lumi' }, store, management: { bucketOf: () => 'bucket' } },
    queues: { askToCollect: async (message: CollectMessage) => void asked.push(message) },
    now: () => new Date(nowMs)
  } as unknown as SessionPorts)
  return {
    order,
    asked,
    put: (path: string) => store.put('bucket', path, Buffer.alloc(0)),
    wait(ms: number): void {
      nowMs += ms
    },
    storeRun: (index: number) =>
      store.put('bucket', timesPath({ id: '1', platform: 'lumi', index, attempt: 1 }), Buffer.alloc(0)),
    /** A pass in each second; answers after how many seconds the monitor was asked, whatever for. */
    async pass(seconds: number, wasHinted = false): Promise<number[]> {
      const times: number[] = []
      for (let second = 0; second < seconds; second++, nowMs += 1000) {
        const before = asked.length
        await collecting.collect(order, wasHinted)
        if (asked.length > before) times.push(second)
      }
      return times
    }
  }
}

describe('what is to be collected', () => {
  it('is asked for with pauses that grow, while accounting lags behind', async () => {
    const { pass, asked } = openCollecting()
    expect(await pass(60)).toEqual([0, 2, 6, 14, 30])
    expect(asked).toHaveLength(5 * jobCount)
  })

  it('is asked for no more often when hints come all the time, because other jobs of the order were stored', async () => {
    const { pass } = openCollecting()
    expect(await pass(60, true)).toEqual([0, 2, 6, 14, 30])
  })

  it('is asked for in each pass while a job runs, so that its log is never later than that', async () => {
    const { pass, asked } = openCollecting({ areRunning: true })
    expect((await pass(60)).length).toBe(60)
    expect(asked).toHaveLength(60 * jobCount)
  })

  it('is seen at once when a hint says that something is stored', async () => {
    const { order, pass, storeRun } = openCollecting()
    await pass(20)
    await storeRun(1)
    await pass(1, true)
    expect(order.status.jobs.map(({ state }) => state)).toMatchObject([
      { collecting: 'owed' },
      { collecting: 'stored' },
      { collecting: 'owed' }
    ])
  })

  it('is given up after a week, and its user is told what there is of it and what is missing', async () => {
    const week = 7 * 24 * 3600 * 1000
    const { order, pass, put, wait, asked } = openCollecting({ endSeenAt: new Date(0).toISOString() })
    const run = (index: number) => ({ id: '1', platform: 'lumi', index, attempt: 1 })
    await put(quarantinePath(run(1)))
    await put(logPiecePath(run(1), 'out', 0, 0))
    await put(sacctPath(run(2)))
    await put(logTablePath(run(2)))
    wait(week - 1000)
    await pass(1)
    expect(asked).toHaveLength(jobCount)
    expect(order.status.jobs[0]?.state).toMatchObject({ collecting: 'owed' })
    wait(10 * 60 * 1000)
    await pass(1)
    expect(asked).toHaveLength(jobCount)
    expect(order.status.jobs.map(({ state }) => state.kind === 'finished' && state.collecting)).toEqual(
      Array(jobCount).fill('given-up')
    )
    const given = 'the log and the accounting could not be brought within a week, and nobody tries any more'
    const never = 'accounting never told all of it, or could not be asked'
    expect(order.status.history.map(({ reason }) => reason)).toEqual([
      `${given}: ${never}; nothing was found of a log`,
      `${given}: ${never} (lines that can not be read are in ARTIFACTS/QUARANTINE/1-lumi-1-1.jsonl); the log is there in pieces, below LOGS/1-lumi-1-1/`,
      `${given}: accounting is there; the log is there`
    ])
  })
})
