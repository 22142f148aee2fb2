import { describe, expect, it } from 'vitest'
import { declareJob } from '../src/job/job.ts'
import type { JobEvent } from '../src/job/job-event.ts'
import { effectsOwed, reduceJob } from '../src/job/reduce-job.ts'
import {
  at,
  completed,
  ended,
  finished,
  finishing,
  job,
  orderedAt,
  orders,
  queued,
  refused,
  running,
  submitting
} from './sample-jobs.ts'

describe('a declared job', () => {
  it('stays as it is without a start order', () => {
    expect(reduceJob(declareJob(0), orders({}), at)).toMatchObject({ job: declareJob(0), effects: [] })
  })
  it('is prepared at a start order', () => {
    const { job: next, effects } = reduceJob(declareJob(0), orders({ starts: [1] }), at)
    expect(next).toMatchObject({ state: { kind: 'preparing' }, attempt: 1, startOrderedAt: orderedAt, preparingAt: at })
    expect(effects).toEqual(['prepare'])
  })
  it('is cancelled by a stop order, before or after a start order came', () => {
    const state = { kind: 'finished', outcome: 'cancelled', slurmJobId: null, collecting: 'stored' }
    expect(reduceJob(declareJob(0), orders({ stops: [1] }), at).job.state).toMatchObject(state)
    expect(reduceJob(declareJob(0), orders({ starts: [1], stops: [1] }), at)).toMatchObject({ job: { state }, effects: [] })
  })
  it('takes the attempt of the newest start when earlier ones were stopped', () => {
    expect(reduceJob(declareJob(0), orders({ starts: [1, 2], stops: [1] }), at).job).toMatchObject({
      attempt: 2,
      state: { kind: 'preparing' }
    })
  })
})

describe('a job of an adopted request', () => {
  const ordersRead = (version: number | null, isDropped = false): JobEvent => {
    return { ...orders({ starts: [1] }), version, isDropped }
  }
  const preparing = reduceJob(declareJob(0), ordersRead(1), at)

  it('goes by the version that counts when it is started, and by a newer one until it is prepared', () => {
    expect(preparing).toMatchObject({ job: { version: 1, state: { kind: 'preparing' } }, effects: ['prepare'] })
    expect(reduceJob(preparing.job, ordersRead(1), at)).toMatchObject({ job: preparing.job, effects: [], reason: null })
    const newer = reduceJob(preparing.job, ordersRead(2), at)
    expect(newer).toMatchObject({ job: { version: 2, state: { kind: 'preparing' } }, effects: ['prepare'] })
    expect(newer.reason).toBe('a newer version of the request counts from now on')
    expect(reduceJob(newer.job, ordersRead(1), at).job).toBe(newer.job)
    const { job: prepared } = reduceJob(newer.job, { type: 'prepared' }, at)
    expect(reduceJob(prepared, ordersRead(3), at).job).toMatchObject({ version: 2, state: { kind: 'submitting' } })
  })
  it('goes by the newest version again when it is started again', () => {
    const failed = { ...finished, version: 1 }
    const again = { ...orders({ starts: [1, 2] }), version: 4 }
    expect(reduceJob(failed, again, at).job).toMatchObject({ attempt: 2, version: 4, earlier: [{ attempt: 1, version: 1 }] })
  })
  it('that is not in the request any more is not started, and keeps its version', () => {
    expect(reduceJob(declareJob(0), ordersRead(null, true), at).job).toEqual(declareJob(0))
    expect(reduceJob(preparing.job, ordersRead(null, true), at).job).toBe(preparing.job)
    const again = { ...orders({ starts: [1, 2] }), version: null, isDropped: true }
    expect(reduceJob(finished, again, at).job).toBe(finished)
  })
  it('is looked for with the version that was submitted, when the saved state fell back', () => {
    const tries = new Map([[1, { try: 1, version: 2 }]])
    const fallen = reduceJob(
      preparing.job,
      { type: 'ordersRead', orders: { starts: new Map(), stops: new Map(), controls: [], tries }, version: 3 },
      at
    )
    expect(fallen).toMatchObject({
      job: { version: 2, state: { kind: 'submitting', answerLost: true } },
      effects: ['findSubmission']
    })
  })
  it('is looked for with the version that was submitted, when the saved state knew another of the same try', () => {
    const tries = new Map([[1, { try: 1, version: 2 }]])
    const event: JobEvent = {
      type: 'ordersRead',
      orders: { starts: new Map(), stops: new Map(), controls: [], tries },
      version: 3
    }
    const fallen = reduceJob({ ...submitting, version: 1 }, event, at)
    const lookedFor = { version: 2, state: { kind: 'submitting', try: 1, answerLost: true } }
    expect(fallen).toMatchObject({ job: lookedFor, effects: ['findSubmission'] })
    expect(reduceJob(fallen.job, event, at).job).toBe(fallen.job)
  })
})

describe('a job that is being prepared', () => {
  const preparing = job({ kind: 'preparing' })
  it('is submitted with its first try when all is ready', () => {
    const { job: next, effects } = reduceJob(preparing, { type: 'prepared' }, at)
    expect(next).toMatchObject({ state: { kind: 'submitting', try: 1, answerLost: false }, preparedAt: at })
    expect(effects).toEqual(['submit'])
  })
  it('goes on waiting for nothing when the platform works on it, whatever it waited for before', () => {
    const told = reduceJob({ ...preparing, waiting: 'platform' }, { type: 'preparationGoesOn' }, at)
    expect(told).toMatchObject({ job: { state: { kind: 'preparing' }, waiting: null }, effects: [] })
    expect(reduceJob(told.job, { type: 'preparationGoesOn' }, at).job).toBe(told.job)
  })
  it('fails with the reason when the preparation is refused', () => {
    const { job: next, effects } = reduceJob(preparing, { type: 'preparationRefused', reason: 'no such object' }, at)
    expect(next.state).toMatchObject({ ...refused, reason: 'no such object' })
    expect(effects).toEqual([])
  })
  it('is cancelled by a stop order, and nothing is submitted', () => {
    const { job: next, effects } = reduceJob(preparing, orders({ starts: [1], stops: [1] }), at)
    expect(next).toMatchObject({ state: { outcome: 'cancelled', slurmJobId: null }, stopOrderedAt: orderedAt })
    expect(effects).toEqual([])
  })
})

describe('a job that is being submitted', () => {
  it('is queued when the scheduler took it', () => {
    const accepted: JobEvent = { type: 'submissionAccepted', slurmJobId: '7', outPath: '/o', errPath: '/e' }
    expect(reduceJob(submitting, accepted, at)).toMatchObject({
      job: { state: { kind: 'queued', slurmJobId: '7' }, submittedAt: at, outPath: '/o', errPath: '/e' },
      effects: []
    })
  })
  it("fails with the scheduler's words when it is refused", () => {
    const { job: next } = reduceJob(submitting, { type: 'submissionRefused', reason: 'Invalid partition' }, at)
    expect(next.state).toMatchObject({ ...refused, reason: 'Invalid partition' })
  })
  it('is looked for when the answer was lost, and not submitted again', () => {
    const { job: next, effects } = reduceJob(submitting, { type: 'answerLost' }, at)
    expect(next.state).toMatchObject({ kind: 'submitting', try: 1, answerLost: true })
    expect(effects).toEqual(['findSubmission'])
    expect(effectsOwed(next)).toEqual(['findSubmission'])
  })
  it('is submitted with the next try when it is sure that nothing was submitted', () => {
    const { job: next, effects } = reduceJob(submitting, { type: 'submissionNotFound' }, at)
    expect(next.state).toEqual({ kind: 'submitting', try: 2, answerLost: false })
    expect(effects).toEqual(['submit'])
  })
  it('is first looked for at a stop order, since only then it is known what to cancel', () => {
    const { job: next, effects } = reduceJob(submitting, orders({ starts: [1], stops: [1] }), at)
    expect(next).toMatchObject({ state: { kind: 'submitting' }, stopOrderedAt: orderedAt })
    expect(effects).toEqual(['findSubmission'])
    expect(effectsOwed(next)).toEqual(['findSubmission'])
  })
  it('is cancelled when it was stopped and nothing was submitted', () => {
    const stopped = { ...submitting, stopOrderedAt: orderedAt }
    expect(reduceJob(stopped, { type: 'submissionNotFound' }, at).job.state).toMatchObject({
      outcome: 'cancelled',
      slurmJobId: null,
      collecting: 'stored'
    })
  })
  it('is queued, and then owes a cancel, when it was stopped and is found', () => {
    const stopped = { ...submitting, stopOrderedAt: orderedAt }
    const { job: next } = reduceJob(stopped, { type: 'submissionAccepted', slurmJobId: '7', outPath: null, errPath: null }, at)
    expect(next.state.kind).toBe('queued')
    expect(effectsOwed(next)).toEqual(['cancel'])
  })
})

describe('a job whose saved state fell back to an older one', () => {
  const begun = orders({ starts: [1, 2], stops: [1], tries: [[1, 3]] })
  it.each([
    ['declared', declareJob(0), orders({ starts: [1], stops: [1], tries: [[1, 3]] })],
    ['preparing', job({ kind: 'preparing' }), begun],
    ['submitting an earlier try', submitting, begun]
  ])('is looked for, and not called unsubmitted: %s', (_what, fallen, event) => {
    const { job: next, effects } = reduceJob(fallen, event, at)
    expect(next.state).toEqual({ kind: 'submitting', try: 3, answerLost: true })
    expect(effects).toEqual(['findSubmission'])
  })
  it('is looked for when the attempt that was begun is the next one', () => {
    const { job: next } = reduceJob(finished, orders({ starts: [1, 2], stops: [2], tries: [[2, 1]] }), at)
    expect(next).toMatchObject({ attempt: 2, state: { kind: 'submitting', answerLost: true }, stopOrderedAt: orderedAt })
  })
  it('is not believed to have ended before it was prepared, when a submission was begun', () => {
    const ended = reduceJob(job({ kind: 'preparing' }), { type: 'preparationRefused', reason: 'no file' }, at).job
    const recalled = reduceJob(ended, orders({ starts: [1], tries: [[1, 1]] }), at)
    expect(recalled).toMatchObject({ job: { state: { kind: 'submitting', try: 1 } }, effects: ['findSubmission'] })
    const refused = reduceJob(recalled.job, { type: 'submissionRefused', reason: 'no' }, at).job
    expect(reduceJob(refused, orders({ starts: [1], tries: [[1, 1]] }), at).job).toBe(refused)
  })
  it('stays as it is when the state knows of the try', () => {
    for (const present of [submitting, queued, running, completed])
      expect(reduceJob(present, orders({ starts: [1], tries: [[1, 1]] }), at).job).toBe(present)
  })
})

describe('a job on the platform', () => {
  it('runs when it is seen running', () => {
    const seen: JobEvent = { type: 'observed', phase: 'running', reason: null, startedAt: orderedAt }
    expect(reduceJob(queued, seen, at).job).toMatchObject({ state: { kind: 'running', slurmJobId: '7' }, startedAt: orderedAt })
  })
  it("keeps the scheduler's reason while it waits", () => {
    const seen: JobEvent = { type: 'observed', phase: 'pending', reason: 'Resources', startedAt: null }
    expect(reduceJob(queued, seen, at).job.state).toEqual({ kind: 'queued', slurmJobId: '7', reason: 'Resources' })
  })
  it('is queued once more, as a restart, when a running one is seen pending', () => {
    const seen: JobEvent = { type: 'observed', phase: 'pending', reason: 'BeginTime', startedAt: null }
    expect(reduceJob(running, seen, at).job).toMatchObject({ state: { kind: 'queued' }, restart: 1, startedAt: null })
  })
  it('does not end by being gone from the listing: evidence is owed', () => {
    for (const present of [queued, running]) {
      expect(reduceJob(present, { type: 'goneFromScheduler' }, at)).toEqual({
        job: present,
        effects: ['findAccounting'],
        reason: null
      })
    }
  })
  it('finishes with what accounting found', () => {
    for (const present of [queued, running]) {
      const { job: next, effects } = reduceJob(present, { type: 'accountingFound', ending: ended }, at)
      expect(next).toMatchObject({ state: { kind: 'finishing', outcome: 'failed', exitCode: 3 }, endedAt: at })
      expect(effects).toEqual(['bringFiles', 'askToCollect'])
    }
  })
  it('is lost when accounting never heard of it', () => {
    expect(reduceJob(running, { type: 'neverHeardOf' }, at).job.state).toMatchObject({ kind: 'finishing', outcome: 'lost' })
  })
  it('is cancelled on the platform at a stop order, and stays where it is until that is seen', () => {
    for (const present of [queued, running]) {
      const { job: next, effects } = reduceJob(present, orders({ starts: [1], stops: [1] }), at)
      expect(next).toMatchObject({ state: present.state, stopOrderedAt: orderedAt })
      expect(effects).toEqual(['cancel'])
    }
  })
})

describe('a job that is finishing', () => {
  it('is finished when its files were brought', () => {
    const { job: next, effects } = reduceJob(finishing, { type: 'filesBrought' }, at)
    expect(next.state).toEqual({
      kind: 'finished',
      slurmJobId: '7',
      outcome: 'failed',
      exitCode: 3,
      reason: 'FAILED',
      collecting: 'owed'
    })
    expect(effects).toEqual(['askToCollect'])
  })
  it('brings its files and asks to collect after a restart of ours', () => {
    expect(effectsOwed(finishing)).toEqual(['bringFiles', 'askToCollect'])
  })
})

describe('a finished job', () => {
  it('is stored when its log and tables were seen', () => {
    const { job: next } = reduceJob(finished, { type: 'storedSeen', attempt: 1 }, at)
    expect(next.state).toMatchObject({ collecting: 'stored' })
    expect(effectsOwed(next)).toEqual([])
  })
  it('owes a question to the monitor until then', () => {
    expect(effectsOwed(finished)).toEqual(['askToCollect'])
  })
  it('runs again at a start of a higher attempt, and keeps what was among its earlier attempts', () => {
    const { job: next, effects } = reduceJob(finished, orders({ starts: [1, 2] }), at)
    expect(next).toMatchObject({ state: { kind: 'preparing' }, attempt: 2, restart: 0, endedAt: null, outPath: null })
    expect(next.earlier).toMatchObject([{ attempt: 1, state: { outcome: 'failed', exitCode: 3 } }])
    expect(effects).toEqual(['prepare'])
  })
  it('marks an earlier attempt as stored without touching the present one', () => {
    const again = reduceJob(finished, orders({ starts: [1, 2] }), at).job
    const { job: next } = reduceJob(again, { type: 'storedSeen', attempt: 1 }, at)
    expect(next.earlier).toMatchObject([{ state: { collecting: 'stored' } }])
    expect(next.state).toEqual({ kind: 'preparing' })
  })
  it('does not run again when it completed', () => {
    expect(reduceJob(completed, orders({ starts: [1, 2] }), at).job).toBe(completed)
  })
  it('does not run again at a start that was stopped before it was read', () => {
    expect(reduceJob(finished, orders({ starts: [1, 2], stops: [2] }), at).job).toMatchObject({
      attempt: 2,
      state: { outcome: 'cancelled', slurmJobId: null }
    })
  })
  it('is not moved by late news', () => {
    const news: JobEvent[] = [
      { type: 'prepared' },
      { type: 'submissionAccepted', slurmJobId: '8', outPath: null, errPath: null },
      { type: 'observed', phase: 'running', reason: null, startedAt: null },
      { type: 'accountingFound', ending: ended },
      orders({ starts: [1], stops: [1] })
    ]
    for (const event of news) expect(reduceJob(completed, event, at).job).toBe(completed)
  })
})

describe('a job that can not go on', () => {
  const waited: JobEvent = { type: 'waited', on: 'platform', reason: 'connect ECONNREFUSED' }
  it('waits in the state in which it is, and says so once', () => {
    const { job: next, reason } = reduceJob(queued, waited, at)
    expect(next).toMatchObject({ state: queued.state, waiting: 'platform' })
    expect(reason).toBe('connect ECONNREFUSED')
    expect(reduceJob(next, waited, at)).toEqual({ job: next, effects: [], reason: null })
  })
  it('waits no longer at the first progress', () => {
    const waiting = { ...queued, waiting: 'platform' as const }
    expect(reduceJob(waiting, { type: 'observed', phase: 'pending', reason: null, startedAt: null }, at).job.waiting).toBeNull()
    expect(reduceJob(waiting, { type: 'accountingFound', ending: ended }, at).job.waiting).toBeNull()
  })
  it('does not wait when it is finished', () => {
    expect(reduceJob(completed, waited, at).job).toBe(completed)
  })
})
