import { describe, expect, it } from 'vitest'
import { tasksOf } from '../src/job/control-job.ts'
import { declareJob, type Job } from '../src/job/job.ts'
import type { JobEvent } from '../src/job/job-event.ts'
import type { ControlOrder } from '../src/job/orders.ts'
import { effectsOwed, reduceJob } from '../src/job/reduce-job.ts'
import { at, finishing, orders, queued, running, submitting } from './sample-jobs.ts'

describe('a control order', () => {
  const control = (order: ControlOrder['order'], number: number, attempt = 1): ControlOrder => ({
    id: `0${number}`,
    order,
    task: null,
    attempt
  })
  const read = (...controls: ControlOrder[]) => orders({ starts: [1], controls })
  const done = ({ id }: ControlOrder): JobEvent => ({ type: 'controlDone', id, words: 'held' })

  it('is taken up once the job is on the platform, and owed until it is carried out', () => {
    const hold = control('hold', 1)
    expect(reduceJob(submitting, read(hold), at).job.control).toBeNull()
    const taken = reduceJob(queued, read(hold), at)
    expect(taken).toMatchObject({ job: { control: { order: 'hold' } }, effects: ['control'] })
    expect(effectsOwed(taken.job)).toEqual(['control'])
    const carriedOut = reduceJob(taken.job, done(hold), at)
    expect(carriedOut).toMatchObject({
      job: { control: null, controlsDone: [{ id: '01', order: 'hold', doneAt: at }] },
      reason: 'held'
    })
    expect(effectsOwed(carriedOut.job)).toEqual([])
    expect(reduceJob(carriedOut.job, read(hold), at)).toMatchObject({ job: carriedOut.job, effects: [] })
  })
  it('that was refused is not carried out again, and known as refused', () => {
    const taken = reduceJob(queued, read(control('hold', 1)), at).job
    const { job } = reduceJob(taken, { type: 'controlDone', id: '01', words: 'no', refused: true }, at)
    expect([job.control, job.controlsDone]).toEqual([null, [{ id: '01', order: 'hold', task: null, doneAt: at, refused: true }]])
  })
  it('waits for the one before it', () => {
    const [hold, release] = [control('hold', 1), control('release', 2)]
    const first = reduceJob(queued, read(hold, release), at).job
    expect(first.control).toMatchObject({ order: 'hold' })
    expect(reduceJob(first, read(hold, release), at).job.control).toMatchObject({ order: 'hold' })
    const held = reduceJob(first, done(hold), at).job
    expect(reduceJob(held, read(hold, release), at).job.control).toMatchObject({ order: 'release' })
  })
  it('that cancels a task is carried out with those of other tasks that come next', () => {
    const cancels = [4, 7, 8, 9].map((task, at): ControlOrder => ({ ...control('cancel', at + 1), task }))
    const hold: ControlOrder = { ...control('hold', 5), task: 1 }
    const last: ControlOrder = { ...control('cancel', 6), task: 1 }
    const taken = reduceJob(queued, read(...cancels, hold, last), at)
    expect(taken.reason).toBe('cancel of tasks 4,7-9 was ordered')
    expect(taken.job.control && tasksOf(taken.job.control)).toEqual([4, 7, 8, 9])
    const carriedOut = reduceJob(taken.job, done(control('cancel', 1)), at).job
    expect(carriedOut.controlsDone).toEqual(cancels.map(({ id, order, task }) => ({ id, order, task, doneAt: at })))
    const next = reduceJob(carriedOut, read(...cancels, hold, last), at)
    expect([next.job.control?.order, next.reason]).toEqual(['hold', 'hold of task 1 was ordered'])
  })
  it('that becomes known late is none any more, unless it is a requeue', () => {
    const [hold, requeue, release] = [control('hold', 1), control('requeue', 2), control('release', 3)]
    const released = reduceJob(reduceJob(queued, read(release), at).job, done(release), at).job
    const late = reduceJob(released, read(hold, requeue, release), at).job
    expect(late.control).toMatchObject({ id: requeue.id })
    expect(reduceJob(reduceJob(late, done(requeue), at).job, read(hold, requeue, release), at).job.control).toBeNull()
  })
  it('of another attempt is none of this one', () => {
    expect(reduceJob(queued, read(control('hold', 1, 2)), at)).toMatchObject({ job: { control: null }, effects: [] })
  })
  it('gives way to a stop', () => {
    const stopped = orders({ starts: [1], stops: [1], controls: [control('hold', 1)] })
    expect(reduceJob(queued, stopped, at)).toMatchObject({ job: { control: null }, effects: ['cancel'] })
  })
})

describe('a job that is to be run again by itself', () => {
  const failing = { ...finishing, retries: ['node-failed', 'failed', 'failed'] as Job['retries'] }
  const brought: JobEvent = { type: 'filesBrought' }

  it('begins its next attempt when it ends so, as often as was asked', () => {
    const again = reduceJob(failing, brought, at)
    expect(again).toMatchObject({
      job: { attempt: 2, state: { kind: 'preparing' }, retries: ['node-failed', 'failed'], earlier: [{ attempt: 1 }] },
      effects: ['prepare'],
      reason: 'run again after failed; 1 more times if need be'
    })
    expect(again.job.earlier[0]).toMatchObject({ state: { kind: 'finished', outcome: 'failed', collecting: 'owed' } })
    expect(reduceJob({ ...failing, retries: ['node-failed'] }, brought, at).job).toMatchObject({
      attempt: 1,
      state: { kind: 'finished' }
    })
  })
  it('does not when it was stopped', () => {
    expect(reduceJob({ ...failing, stopOrderedAt: at }, brought, at).job).toMatchObject({
      attempt: 1,
      state: { kind: 'finished' }
    })
  })
  it('does not when it is stopped while its files are brought', () => {
    const stopped = reduceJob(failing, orders({ starts: [1], stops: [1] }), at).job
    expect(reduceJob(stopped, brought, at).job).toMatchObject({ attempt: 1, state: { kind: 'finished' } })
  })
  it('is run again as often as the newest version of its request says, until it is submitted', () => {
    const preparing = reduceJob(declareJob(0), { ...orders({ starts: [1] }), version: 1, retries: ['lost'] }, at).job
    const newer: JobEvent = { ...orders({ starts: [1] }), version: 2, retries: ['failed'] }
    expect(reduceJob(preparing, newer, at).job.retries).toEqual(['failed'])
    const again = reduceJob({ ...failing, version: 1 }, brought, at).job
    expect(reduceJob(again, newer, at).job).toMatchObject({ version: 2, retries: ['node-failed', 'failed'] })
  })
  it('is stopped in its next attempt by a stop of the first', () => {
    const again = reduceJob(failing, brought, at).job
    expect(reduceJob(again, orders({ starts: [1], stops: [1] }), at).job).toMatchObject({
      attempt: 2,
      state: { outcome: 'cancelled' }
    })
  })
  it('has what was asked at its start', () => {
    const asked: JobEvent = { ...orders({ starts: [1] }), retries: ['lost'] }
    expect(reduceJob(declareJob(0), asked, at).job.retries).toEqual(['lost'])
    expect(reduceJob(failing, { ...orders({ starts: [1] }), retries: ['lost'] }, at).job).toBe(failing)
  })
})

describe('a submission over a limit', () => {
  const limit: JobEvent = { type: 'limitReached', reason: 'AssocMaxSubmitJobLimit' }
  it('waits with the next try, which is submitted when there is room', () => {
    const waiting = reduceJob(submitting, limit, at)
    expect(waiting).toMatchObject({
      job: { state: { try: 2, answerLost: false }, waiting: 'limit' },
      effects: [],
      reason: limit.reason
    })
    expect(effectsOwed(waiting.job)).toEqual(['submit'])
    expect(reduceJob(waiting.job, limit, at)).toMatchObject({ job: { state: { try: 3 } }, reason: null })
  })
  it('is over when the job was stopped', () => {
    expect(reduceJob({ ...submitting, stopOrderedAt: at }, limit, at).job.state).toMatchObject({ outcome: 'cancelled' })
  })
})

describe('a job that was requeued and runs again before anybody looked', () => {
  it('is known by its later start', () => {
    const later = '2026-11-20T12:05:00.000Z'
    const seen: JobEvent = { type: 'observed', phase: 'running', reason: null, startedAt: later }
    expect(reduceJob(running, seen, at)).toMatchObject({
      job: { restart: 1, startedAt: later, state: { kind: 'running' } },
      reason: 'requeued'
    })
    expect(reduceJob({ ...running, startedAt: later }, seen, at)).toMatchObject({ job: { restart: 0 }, reason: null })
  })
})
