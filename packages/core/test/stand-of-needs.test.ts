import { describe, expect, it } from 'vitest'
import { declareJob, type Job } from '../src/job/job.ts'
import type { NeedsStand } from '../src/job/job-event.ts'
import { reduceJob } from '../src/job/reduce-job.ts'
import { answerOrder } from '../src/orchestration/answer.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'
import type { KnownOrder } from '../src/orchestration/known-order.ts'
import { standOfNeeds } from '../src/orchestration/stand-of-needs.ts'
import { at, completed, finished, job, orders, queued, running } from './sample-jobs.ts'

const needs = ['mahti/job:0', { job: 'mahti/job:1', outcomes: ['completed', 'failed'] }]
const preparing = job({ kind: 'preparing' })

interface Given {
  needs?: unknown[]
  starts?: number[]
  onLumi?: Job
}

/** An order whose job on lumi has the given needs, with the jobs on mahti as they are. */
function known(onMahti: Job[], { needs: wanted = needs, starts = [1], onLumi = preparing }: Given = {}): KnownOrder {
  const platforms = {
    mahti: { jobs: [{ path: '/a.sh' }, { path: '/b.sh' }] },
    lumi: { jobs: [{ path: '/c.sh', needs: wanted }] }
  }
  const request = orchestrationSchema(['mahti', 'lumi']).parse({ name: 'n', platforms })
  const statusOf = (platform: string, jobs: Job[]) => {
    return {
      schema: 1,
      id: 'i',
      platform,
      fence: 1,
      sequence: 1,
      history: [],
      jobs: jobs.map((one, index) => ({ ...one, index }))
    }
  }
  return {
    request: { id: 'i', createdAt: at, warnings: [], request, version: null, errors: [] },
    earlier: new Map(),
    orders: starts.map((attempt) => ({ schema: 1, order: 'start', attempt, by: 'u', keyId: 'k', at, hmac: '' })),
    statuses: new Map([statusOf('mahti', onMahti), statusOf('lumi', [onLumi])].map((status) => [status.platform, status]))
  }
}
const standWith = (...given: Parameters<typeof known>) => standOfNeeds(known(...given), 'lumi', preparing)

describe('the needs of a job', () => {
  it('are met when it has none, and when each has ended in an outcome that was named', () => {
    expect(standWith([], { needs: [] })).toEqual({ kind: 'met' })
    expect(standWith([completed, finished])).toEqual({ kind: 'met' })
  })
  it.each([
    ['nobody has looked at it', [], 'mahti/job:0 has not begun'],
    ['it was not started', [declareJob(0)], 'mahti/job:0 has not begun'],
    [
      'its platform has no credential',
      [{ ...preparing, waiting: 'credentials' as const }],
      'mahti/job:0 is preparing, waiting: credentials'
    ],
    ['it is queued', [queued], 'mahti/job:0 is queued'],
    ['another one runs', [completed, running], 'mahti/job:1 is running']
  ])('are waited for, and it is told which and why: %s', (_why, onMahti, words) => {
    expect(standWith(onMahti)).toEqual({ kind: 'waiting', words })
  })
  it('are not met when one ended otherwise, though others go on', () => {
    const words = 'mahti/job:0 ended failed (FAILED), and completed is needed'
    expect(standWith([finished, running])).toEqual({ kind: 'not-met', words })
    const either = 'mahti/job:1 ended timed-out, and completed or failed is needed'
    const timedOut = job({
      kind: 'finished',
      slurmJobId: '7',
      outcome: 'timed-out',
      exitCode: 0,
      reason: null,
      collecting: 'owed'
    })
    expect(standWith([running, timedOut])).toEqual({ kind: 'not-met', words: either })
    expect(standWith([completed], { needs: [{ job: 'mahti/job:0', outcomes: ['failed'] }] })).toMatchObject({ kind: 'not-met' })
  })
  it('are waited for anew when a need that did not complete was started again', () => {
    const again = { kind: 'waiting', words: 'mahti/job:0 is to run again' }
    expect(standWith([finished], { starts: [1, 2] })).toEqual(again)
    expect(standWith([{ ...running, attempt: 2 }], { starts: [1, 2] })).toMatchObject({ kind: 'waiting' })
    expect(standWith([{ ...finished, attempt: 2 }], { starts: [1, 2] })).toMatchObject({ kind: 'not-met' })
    expect(standWith([completed, { ...completed, attempt: 2 }], { starts: [1, 2] })).toEqual({ kind: 'met' })
  })
  it('are waited for when a start of one follows from an adopted request, and is not written yet', () => {
    const { request } = known([])
    const start = { order: 'start' as const, attempt: 2, platform: 'mahti', index: 0 }
    const withStart = (onMahti: Job) => {
      return standOfNeeds({ ...known([onMahti]), request: { ...request, orders: [start] } }, 'lumi', preparing)
    }
    expect(withStart(finished)).toMatchObject({ kind: 'waiting', words: 'mahti/job:0 is to run again' })
    expect(withStart({ ...finished, attempt: 2 })).toMatchObject({ kind: 'not-met' })
    expect(withStart(completed)).toMatchObject({ kind: 'waiting', words: 'mahti/job:1 has not begun' })
  })
  it('are those of the version by which the job goes', () => {
    const { request } = known([], { needs: [] }).request
    const now = known([running])
    const order = { ...now, request: { ...now.request, version: 2 }, earlier: new Map([[1, request]]) }
    expect(standOfNeeds(order, 'lumi', { ...preparing, version: 1 })).toEqual({ kind: 'met' })
    expect(standOfNeeds(order, 'lumi', { ...preparing, version: 2 })).toMatchObject({ kind: 'waiting' })
  })
  it('stand in the answer as they were written, and the order waits for them when nothing else is waited for', () => {
    const onLumi = { ...preparing, waiting: 'need' as const }
    const answer = answerOrder(known([queued], { onLumi }))
    expect(answer.platforms.lumi?.jobs[0]).toMatchObject({ state: 'preparing', waiting: 'need', needs })
    expect(answer.waiting).toBe('need')
    expect(answerOrder(known([queued, { ...preparing, waiting: 'platform' }], { onLumi })).waiting).toBe('platform')
  })
})

const read = (stand: NeedsStand) => ({ type: 'needsRead' as const, stand })

describe('a job that needs another one', () => {
  const told = reduceJob(preparing, read({ kind: 'waiting', words: 'mahti/job:0 is queued' }), at)
  const waiting = told.job

  it('waits, and hears of nothing else that keeps it from its platform', () => {
    expect(told).toMatchObject({
      job: { state: { kind: 'preparing' }, waiting: 'need' },
      effects: [],
      reason: 'mahti/job:0 is queued'
    })
    expect(reduceJob(waiting, { type: 'waited', on: 'credentials', reason: 'r' }, at).job).toBe(waiting)
    expect(reduceJob(waiting, read({ kind: 'waiting', words: 'mahti/job:0 is running' }), at)).toMatchObject({
      job: waiting,
      reason: null
    })
  })
  it('is prepared when its needs are met', () => {
    const { job: ready, effects } = reduceJob(waiting, read({ kind: 'met' }), at)
    expect([ready.waiting, ready.state.kind, effects]).toEqual([null, 'preparing', ['prepare']])
    expect(reduceJob(ready, read({ kind: 'met' }), at)).toMatchObject({ job: ready, effects: [] })
  })
  it('is not submitted though it was being prepared, when its need is to run again', () => {
    expect(reduceJob(waiting, { type: 'prepared' }, at).job).toBe(waiting)
    expect(reduceJob(waiting, { type: 'preparationRefused', reason: 'the file is away' }, at).job).toBe(waiting)
    expect(reduceJob(running, read({ kind: 'waiting', words: 'w' }), at).job).toBe(running)
  })
  it('is cancelled when one ended otherwise, and stopped like any other', () => {
    const state = { kind: 'finished', outcome: 'cancelled', slurmJobId: null, collecting: 'stored' }
    expect(reduceJob(waiting, read({ kind: 'not-met', words: 'w' }), at)).toMatchObject({
      job: { state: { ...state, reason: 'need-not-met' }, waiting: null },
      effects: []
    })
    expect(reduceJob(waiting, orders({ starts: [1], stops: [1] }), at).job.state).toMatchObject(state)
  })
  it('takes a newer version of its request, by which it may need nothing any more', () => {
    const { job: newer, effects } = reduceJob(waiting, { ...orders({ starts: [1] }), version: 2 }, at)
    expect([newer.version, newer.waiting, effects]).toEqual([2, 'need', []])
    expect(reduceJob(newer, read({ kind: 'met' }), at).effects).toEqual(['prepare'])
  })
})
