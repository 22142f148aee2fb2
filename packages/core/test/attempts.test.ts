import { describe, expect, it } from 'vitest'
import { declareJob, type Job } from '../src/job/job.ts'
import { attemptsToCollect, isSettled } from '../src/job/settled.ts'
import { measureStages } from '../src/job/stage-times.ts'

const at = (second: number) => new Date(Date.parse('2026-11-20T12:00:00.400Z') + second * 1000).toISOString()
const epoch = Math.floor(Date.parse(at(0)) / 1000)
const ended = (attempt: number, endedAt: string, stored: boolean): Job =>
  ({ ...declareJob(0), attempt, endedAt, state: { kind: 'finished', stored } }) as unknown as Job

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
  it('is collected until it is stored, and for a week at most; earlier ones too', () => {
    const job = { ...ended(2, at(0), false), earlier: [ended(1, at(-10), false)] }
    expect(attemptsToCollect(job, new Date(at(60)))).toEqual([1, 2])
    expect(attemptsToCollect({ ...job, earlier: [ended(1, at(-10), true)] }, new Date(at(60)))).toEqual([2])
    expect(attemptsToCollect(job, new Date(at(8 * 24 * 3600)))).toEqual([])
  })
  it('leaves its job settled when nothing is to be collected', () => {
    expect(isSettled(ended(1, at(0), false), new Date(at(1)))).toBe(false)
    expect(isSettled(ended(1, at(0), true), new Date(at(1)))).toBe(true)
    expect(isSettled(declareJob(0), new Date(at(1)))).toBe(true)
    expect(isSettled({ ...declareJob(0), state: { kind: 'preparing' } }, new Date(at(1)))).toBe(false)
  })
})
