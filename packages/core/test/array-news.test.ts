import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasTasksEnding, tasksWithoutEnd } from '../src/job/array-news.ts'
import { neverBegan, queuedTasks, spreadTasks } from '../src/job/array-tasks.ts'
import type { Job } from '../src/job/job.ts'
import type { Ending, JobEvent, ListedTasks } from '../src/job/job-event.ts'
import { arrayOfAttempt } from '../src/job/left-tasks.ts'
import { outcomes, worstOutcome } from '../src/job/outcome.ts'
import { effectsOwed, reduceJob } from '../src/job/reduce-job.ts'
import { at, completed, queued, submitting } from './sample-jobs.ts'

const submitted: Job = { ...queued, array: '1-4', tasks: queuedTasks({ array: '1-4' }) }
const listed = (...tasks: ListedTasks[]): JobEvent => {
  const phase = tasks.some((one) => one.phase === 'running') ? 'running' : 'pending'
  return { type: 'observed', phase, reason: 'Priority', startedAt: phase === 'running' ? at : null, tasks }
}
const waiting = (...tasks: number[]): ListedTasks => ({ tasks, phase: 'pending', reason: 'Priority' })
const going = (...tasks: number[]): ListedTasks => ({ tasks, phase: 'running', reason: null })
const end = (outcome: Ending['outcome'], exitCode = 0): Ending => {
  const reason = outcome === 'completed' ? null : `${outcome} ${exitCode}`
  return { outcome, exitCode, reason, startedAt: at, endedAt: at }
}
const told = (endings: [number, Ending | null][], isAll = false): JobEvent => {
  return { type: 'tasksFound', endings: new Map(endings), isAll }
}
const gone: JobEvent = { type: 'goneFromScheduler' }
const after = (job: Job, ...events: JobEvent[]) => events.reduce((before, one) => reduceJob(before, one, at).job, job)
const statesOf = (job: Job) => [...spreadTasks(job)].map(([, { state, outcome }]) => outcome ?? state)

describe('an array', () => {
  it('has its tasks from when it is submitted, which are saved before', () => {
    const composed = after(submitting, { type: 'arrayComposed', array: '0-2,7' })
    expect(composed).toMatchObject({ array: '0-2,7', tasks: [], state: { kind: 'submitting' } })
    const accepted = after(composed, { type: 'submissionAccepted', slurmJobId: '20', outPath: null, errPath: null })
    expect(accepted.tasks).toEqual([{ tasks: '0-2,7', state: 'queued', outcome: null, exitCode: null, reason: null }])
  })
  it('has logs where its tasks are known, and else where all of them write one', () => {
    const accepted: JobEvent = { type: 'submissionAccepted', slurmJobId: '20', outPath: '/20_%4a.out', errPath: '/err' }
    const { outPath, errPath } = accepted
    expect(after(submitting, { type: 'arrayComposed', array: '0-2' }, accepted)).toMatchObject({ outPath, errPath })
    expect(after(submitting, accepted)).toMatchObject({ outPath: null, errPath })
  })
  it('runs since the first of its tasks began, also while all that are left wait, and was not requeued for that', () => {
    const first = after(submitted, listed(waiting(2, 3, 4), going(1)))
    expect(first).toMatchObject({ state: { kind: 'running' }, startedAt: at })
    const later = after(first, listed(waiting(3, 4)))
    expect(later).toMatchObject({ state: { kind: 'running' }, startedAt: at, restart: 0 })
    const last = { ...listed(going(3, 4)), startedAt: '2026-11-20T13:00:00.000Z' } as JobEvent
    expect(after(later, last)).toMatchObject({ restart: 0, startedAt: at })
    expect(statesOf(after(later, last))).toEqual(['finishing', 'finishing', 'running', 'running'])
  })
  it('waits again when all of its tasks were requeued', () => {
    const running = after(submitted, listed(going(1, 2, 3, 4)))
    expect(after(running, listed(waiting(1, 2, 3, 4)))).toMatchObject({ state: { kind: 'queued' }, restart: 1 })
  })
  it('that SLURM alone made one runs until none of its tasks is listed any more', () => {
    const first = after(queued, listed(waiting(2, 3), going(1)))
    const last = { ...listed(going(2)), startedAt: '2026-11-20T13:00:00.000Z' } as JobEvent
    for (const news of [listed(waiting(3)), last, listed(waiting(3), going(2))])
      expect(after(first, news)).toMatchObject({ state: { kind: 'running' }, restart: 0, startedAt: at })
  })
  it('did not begin again when its tasks can not be read and the first of them has ended', () => {
    const later: JobEvent = { type: 'observed', phase: 'running', reason: null, startedAt: '2026-11-20T13:00:00.000Z' }
    expect(after(submitted, listed(going(1)), later)).toMatchObject({ restart: 0, startedAt: at })
  })
  it('is as it was when its tasks can not be read', () => {
    const { tasks } = after(submitted, { type: 'observed', phase: 'running', reason: null, startedAt: at })
    expect(tasks).toBe(submitted.tasks)
  })
  it('keeps what its tasks came to while others run, and tells the first that did not complete', () => {
    const before = after(submitted, listed(waiting(4), going(3)))
    expect(hasTasksEnding(before)).toBe(true)
    const news = reduceJob(
      before,
      told([
        [1, end('completed')],
        [2, end('failed', 3)],
        [3, end('failed', 4)]
      ]),
      at
    )
    expect(news.reason).toBe('7_2: failed 3')
    // What accounting says of one that is listed is of an earlier run.
    expect(statesOf(news.job)).toEqual(['completed', 'failed', 'running', 'queued'])
    expect(hasTasksEnding(news.job)).toBe(false)
    const next = after(news.job, listed(waiting(4)))
    expect(reduceJob(next, told([[3, end('failed', 4)]]), at).reason).toBeNull()
  })
  it('has a task again that was requeued after its end', () => {
    const before = after(submitted, listed(going(2, 3, 4)), told([[1, end('failed')]]), listed(waiting(1), going(2, 3, 4)))
    expect(statesOf(before)).toEqual(['queued', 'running', 'running', 'running'])
  })
})

describe('an array that is not listed any more', () => {
  const running = after(submitted, listed(going(1, 2, 3, 4)))
  const all: [number, Ending][] = [1, 2, 3, 4].map((task) => [task, end('completed')])

  it('has ended as the worst of its tasks did, when accounting has told all of them', () => {
    const some = after(running, gone, told(all.slice(1)))
    expect(some.state.kind).toBe('running')
    expect(tasksWithoutEnd(some, new Map())).toEqual([1])
    expect(effectsOwed(some)).toEqual([])
    expect(reduceJob(running, gone, at).effects).toEqual(['findAccounting'])
    const ended = after(some, told([...all.slice(1), [1, end('timed-out', 1)]]))
    expect(ended).toMatchObject({ state: { kind: 'finishing', outcome: 'timed-out', exitCode: 1, reason: '7_1: timed-out 1' } })
  })
  it('has not ended while accounting says that a task has not', () => {
    expect(after(running, gone, told([...all.slice(1), [1, null]])).state.kind).toBe('running')
  })
  it('had tasks that never began where accounting says nothing of them to the end', () => {
    const ended = after(submitted, listed(waiting(3, 4), going(1, 2)), gone, told(all.slice(0, 2)), told(all.slice(0, 2), true))
    expect(ended.state).toMatchObject({ kind: 'finishing', outcome: 'cancelled', reason: `7_3: ${neverBegan}` })
  })
  it('is lost when accounting never heard of it', () => {
    const lost = after(running, gone, { type: 'neverHeardOf' })
    expect(lost.state).toMatchObject({ outcome: 'lost' })
    expect(new Set(statesOf(lost))).toEqual(new Set(['lost']))
  })
})

describe('a task that waited when it was cancelled', () => {
  const cancelled = (...tasks: number[]): Job => ({
    ...submitted,
    controlsDone: tasks.map((task) => ({ id: `0${task}`, order: 'cancel', task }))
  })
  it('has ended as soon as it is not listed any more', () => {
    const seen = after(cancelled(2), listed(waiting(1, 3, 4)))
    expect(statesOf(seen)).toEqual(['queued', 'cancelled', 'queued', 'queued'])
    expect([seen.state.kind, hasTasksEnding(seen)]).toEqual(['queued', false])
  })
  it('has ended as accounting says, should it have begun all the same', () => {
    const seen = after(cancelled(2), listed(waiting(1, 3, 4)), told([[2, end('completed')]]))
    expect(statesOf(seen)[1]).toBe('completed')
  })
  it('ends the array, with all the others, once accounting knows nothing of them', () => {
    const ended = after(cancelled(1, 2, 3, 4), gone, told([]))
    expect(ended.state).toMatchObject({ kind: 'finishing', outcome: 'cancelled', exitCode: null })
  })
})

describe('the ending of an array, whatever is told in whatever sequence', () => {
  it('is the worst of what accounting said of its tasks, once', () => {
    const someOutcomes = fc.array(fc.constantFrom(...outcomes), { minLength: 4, maxLength: 4 })
    const order = fc.shuffledSubarray([1, 2, 3, 4], { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(someOutcomes, order, fc.array(fc.nat(4), { maxLength: 4 }), (ends, sequence, looks) => {
        let job = after(submitted, listed(going(1, 2, 3, 4)), gone)
        const known = (count: number) => sequence.slice(0, count).map((task): [number, Ending] => [task, end(ends[task - 1]!)])
        for (const count of looks) job = after(job, told(known(count)))
        job = after(job, told(known(4)))
        expect(job.state).toMatchObject({ kind: 'finishing', outcome: worstOutcome(ends) })
        expect(statesOf(job)).toEqual(ends)
      })
    )
  })
})

describe('the next attempt of an array', () => {
  const former = after(
    submitted,
    gone,
    told([
      [1, end('completed')],
      [2, end('failed')],
      [3, end('completed')],
      [4, end('lost')]
    ])
  )
  const job = { ...completed, earlier: [former] }
  it('is of the tasks that did not complete, as many at once as before', () => {
    expect([arrayOfAttempt('1-4', job, false), arrayOfAttempt('1-4%2', job, false)]).toEqual(['2,4', '2,4%2'])
  })
  it('is of those left by the last attempt that was submitted', () => {
    expect(arrayOfAttempt('1-4', { ...job, earlier: [former, { ...completed, array: '2,4' }] }, false)).toBe('2,4')
    const second = after(
      { ...queued, array: '2,4', tasks: queuedTasks({ array: '2,4' }) },
      gone,
      told([
        [2, end('completed')],
        [4, end('failed')]
      ])
    )
    expect(arrayOfAttempt('1-4', { ...job, earlier: [former, second] }, false)).toBe('4')
  })
  it('is of all tasks when the request or its tasks are others, or nothing is known of them', () => {
    expect(arrayOfAttempt('1-4', { ...job, version: 2 }, false)).toBe('1-4')
    expect(arrayOfAttempt('1-3', job, false)).toBe('1-3')
    expect(arrayOfAttempt('1-20', job, false)).toBe('1-20')
    expect(arrayOfAttempt('1-4', { ...job, earlier: [completed] }, false)).toBe('1-4')
  })
  it('is without the tasks that the user cancelled, until the user starts it again', () => {
    const cancelled = { ...former, controlsDone: [{ id: '01', order: 'cancel' as const, task: 2 }] }
    expect(arrayOfAttempt('1-4', { ...job, earlier: [cancelled] }, true)).toBe('4')
    const retried = after({ ...queued, array: '4', tasks: queuedTasks({ array: '4' }) }, gone, told([[4, end('failed')]]))
    expect(arrayOfAttempt('1-4', { ...job, earlier: [cancelled, retried] }, true)).toBe('4')
    expect(arrayOfAttempt('1-4', { ...job, earlier: [cancelled, retried] }, false)).toBe('2,4')
    // Started again, it was not cancelled in the attempt that counts.
    expect(arrayOfAttempt('1-4', { ...job, earlier: [cancelled, retried, former] }, true)).toBe('2,4')
  })
  it('does not begin by itself when only tasks that the user cancelled did not complete', () => {
    const retries: Job['retries'] = ['failed', 'lost']
    const endedWith = (...tasks: number[]) =>
      after(
        { ...former, retries, controlsDone: tasks.map((task) => ({ id: `0${task}`, order: 'cancel', task })) },
        { type: 'filesBrought' }
      )
    expect(endedWith()).toMatchObject({ attempt: 2, retries: ['failed'] })
    // What counts is how the others ended.
    expect(endedWith(4)).toMatchObject({ attempt: 2, retries: ['lost'] })
    expect(endedWith(2, 4)).toMatchObject({ attempt: 1, state: { kind: 'finished' } })
    expect(endedWith(1, 2, 3, 4)).toMatchObject({ attempt: 1, state: { kind: 'finished' } })
  })
})
