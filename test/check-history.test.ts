import { describe, expect, it } from 'vitest'
import { complaintsAbout, type History, type ToldOrder } from './faults/check-history.ts'

const eventsOf = (...states: string[]) =>
  states.map((to, index) => ({ id: `a:mahti:${index + 1}`, from: states[index - 1] ?? 'declared', to }))
const completed: ToldOrder = {
  ...{ id: 'a', isStopped: false, state: 'finished', outcome: 'completed', isStored: true, jobId: '7' },
  events: eventsOf('preparing', 'submitting', 'submitting', 'queued', 'finishing', 'finished'),
  eventsBefore: [['a:mahti:1'], ['a:mahti:1', 'a:mahti:2', 'a:mahti:3']]
}
const stopped: ToldOrder = {
  ...{ id: 'b', isStopped: true, state: 'finished', outcome: 'cancelled', isStored: true, jobId: null },
  events: eventsOf('preparing', 'finished'),
  eventsBefore: []
}
const good: History = {
  orders: [completed, stopped],
  jobs: [{ id: '7', name: 'one.tokena', state: 'COMPLETED' }],
  runs: ['one.tokena'],
  alive: [],
  tables: [{ order: 'a', stored: 2, accounted: 2 }]
}
const withOrder = (change: Partial<ToldOrder>): History => ({ ...good, orders: [{ ...completed, ...change }, stopped] })
const withEvents = (...states: string[]): History => withOrder({ events: eventsOf(...states), eventsBefore: [] })
const [event, ...laterEvents] = completed.events
const cancelledJob = { id: '8', name: 'two.tokenb', state: 'CANCELLED by 0' }

describe('the history checker', () => {
  it('has nothing to say about a history in which all is well', () => {
    expect(complaintsAbout(good)).toEqual([])
    const cancelled = { ...stopped, jobId: '8' }
    expect(complaintsAbout({ ...good, orders: [completed, cancelled], jobs: [...good.jobs, cancelledJob] })).toEqual([])
  })
  it.each<[string, History, RegExp]>([
    ['an order that does not end', withOrder({ state: 'active' }), /a did not come to its end: active/],
    ['an order that is not stored', withOrder({ isStored: false }), /a did not come to its end/],
    ['an order that fails', withOrder({ outcome: 'failed' }), /a ended as failed$/],
    ['an order that is cancelled and nobody stopped', withOrder({ outcome: 'cancelled' }), /a ended as cancelled$/],
    ['an order that completes without a job', withOrder({ jobId: null }), /a ended as completed$/],
    [
      'an outcome that accounting does not know',
      { ...good, jobs: [{ ...good.jobs[0]!, state: 'FAILED' }] },
      /its job 7 as FAILED/
    ],
    ['a job that never was', withOrder({ jobId: '9' }), /a has a job that never was: 9/],
    [
      'two jobs for an attempt',
      { ...good, jobs: [...good.jobs, { id: '8', name: 'one.tokena', state: 'CANCELLED' }] },
      /more than one job for the attempt tokena: 7,8/
    ],
    ['a job that nobody knows of', { ...good, jobs: [...good.jobs, cancelledJob] }, /nobody knows of job 8, two.tokenb/],
    ['a job that two orders have', { ...good, orders: [completed, { ...completed, id: 'c' }, stopped] }, /job 7 is told of two/],
    ['a job that ran twice', { ...good, runs: ['one.tokena', 'one.tokena'] }, /ran 2 times/],
    ['a job that did not run', { ...good, runs: [] }, /ran 0 times/],
    [
      'a gap in the events',
      withOrder({ events: completed.events.filter(({ to }) => to !== 'submitting'), eventsBefore: [] }),
      /a has a gap in its events, before a:mahti:4/
    ],
    ['events that do not begin at the beginning', withOrder({ events: laterEvents, eventsBefore: [] }), /gap in its events/],
    ['an event that is told twice', withOrder({ events: [event!, event!, ...laterEvents] }), /events that are not in order: 1,1/],
    ['two ends', withEvents('preparing', 'finished', 'submitting', 'finished'), /a did not end once/],
    ['an end that is not the last', withEvents('preparing', 'finished', 'queued'), /go on after its end/],
    ['an event that is told no more', withOrder({ eventsBefore: [['a:mahti:1', 'a:mahti:9']] }), /lost an event .*a:mahti:9/],
    [
      'a table with a row too few',
      { ...good, tables: [{ order: 'a', stored: 1, accounted: 2 }] },
      /a has 1 rows .* 2 in accounting/
    ],
    ['a table without rows', { ...good, tables: [{ order: 'a', stored: 0, accounted: 0 }] }, /a has 0 rows/],
    ['a job that is left over', { ...good, alive: ['8 two.tokenb'] }, /still there: 8 two.tokenb/]
  ])('complains about %s', (_what, history, words) => {
    expect(complaintsAbout(history)).toEqual(expect.arrayContaining([expect.stringMatching(words)]))
  })
})
