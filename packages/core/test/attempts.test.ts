import { describe, expect, it } from 'vitest'
import { declareJob, type Job } from '../src/job/job.ts'
import { attemptsToCollect, isSettled, isTooLateToCollect } from '../src/job/settled.ts'
import { measureStages } from '../src/job/stage-times.ts'

const at = (second: number) => new Date(Date.parse('2026-11-20T12:00:00.400Z') + second * 1000).toISOString()
const epoch = Math.floor(Date.parse(at(0)) / 1000)
const ended = (attempt: number, endSeenAt: string, collecting: 'owed' | 'stored' | 'given-up'): Job =>
  ({ ...declareJob(0), attempt, endSeenAt, state: { kind: 'finished', collecting } }) as unknown as Job

describe('the stages of an attempt', () => {
  it('begin and end as seed 000 measures them, in whole seconds', () => {
    const moments = { startOrderedAt: at(0), preparingAt: at(1), preparedAt: at(4), startedAt: at(10), endedAt: at(30) }
    expect(measureStages({ ...declareJob(0), ...moments }, at(33))).toEqual({
      start: { begin: epoch, end: epoch + 1, total: 1 },
      config: { begin: epoch + 1, end: epoch + 4, total: 3 },
      run: { begin: epoch + 10, end: epoch + 30, total: 20 },
      cancel: { begin: 0, end: 0, total: 0 },
      store: { begin: epoch + 30, end: epoch + 33, total: 3 }
    })
  })
  it('never take less than no time, when the clocks of two machines differ', () => {
    const stages = measureStages({ ...declareJob(0), startedAt: at(5), endedAt: at(3) }, at(4))
    expect(stages.run.total).toBe(0)
  })
})

describe('an attempt that has ended', () => {
  it('is collected until it is stored or given up; earlier ones too', () => {
    const job = { ...ended(2, at(0), 'owed'), earlier: [ended(1, at(-10), 'owed')] }
    expect(attemptsToCollect(job)).toEqual([1, 2])
    expect(attemptsToCollect({ ...job, earlier: [ended(1, at(-10), 'stored')] })).toEqual([2])
    expect(attemptsToCollect({ ...ended(2, at(0), 'given-up'), earlier: [] })).toEqual([])
  })
  it('is given up a week after its end was seen, however long before it ended', () => {
    const job = { ...ended(1, at(0), 'owed'), endedAt: at(-30 * 24 * 3600) }
    expect(isTooLateToCollect(job, 1, new Date(at(60)))).toBe(false)
    expect(isTooLateToCollect(job, 1, new Date(at(8 * 24 * 3600)))).toBe(true)
  })
  it('leaves its job settled when nothing is to be collected', () => {
    expect(isSettled(ended(1, at(0), 'owed'))).toBe(false)
    expect(isSettled(ended(1, at(0), 'stored'))).toBe(true)
    expect(isSettled(declareJob(0))).toBe(true)
    expect(isSettled({ ...declareJob(0), state: { kind: 'preparing' } })).toBe(false)
  })
})
