import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { controlKinds } from '../src/documents/order-document.ts'
import { declareJob, type Job } from '../src/job/job.ts'
import type { JobEvent } from '../src/job/job-event.ts'
import { outcomes, retryCauses } from '../src/job/outcome.ts'
import { effectsOwed, reduceJob } from '../src/job/reduce-job.ts'
import { at, ended } from './sample-jobs.ts'

const pending = { phase: 'pending' as const, reason: null, startedAt: null }
const attempts = fc.uniqueArray(fc.integer({ min: 1, max: 4 })).map((list) => new Map(list.map((attempt) => [attempt, at])))
const tries = fc.uniqueArray(fc.integer({ min: 1, max: 4 })).map((list) => new Map(list.map((attempt) => [attempt, { try: 2 }])))
const control = fc.record({
  order: fc.constantFrom(...controlKinds),
  task: fc.constantFrom(null, 1, 2),
  attempt: fc.integer({ min: 1, max: 4 }),
  id: fc.constantFrom('1', '2', '3')
})
const controls = fc.uniqueArray(control, { selector: ({ id }) => id, maxLength: 3 })
const sorted = controls.map((list) => list.sort((a, b) => (a.id < b.id ? -1 : 1)))
const event: fc.Arbitrary<JobEvent> = fc.oneof(
  fc.record({
    type: fc.constant('ordersRead' as const),
    orders: fc.record({ starts: attempts, stops: attempts, controls: sorted, tries }),
    retries: fc.array(fc.constantFrom(...retryCauses), { maxLength: 3 }),
    version: fc.option(fc.integer({ min: 1, max: 4 }))
  }),
  fc.constantFrom<JobEvent>(
    { type: 'prepared' },
    { type: 'preparationRefused', reason: 'r' },
    { type: 'submissionAccepted', slurmJobId: '1', outPath: null, errPath: null },
    { type: 'arrayComposed', array: '1-2' },
    { type: 'submissionRefused', reason: 'r' },
    { type: 'limitReached', reason: 'r' },
    ...['1', '2', '3'].map((when): JobEvent => ({ type: 'controlDone', id: when, words: 'w' })),
    { type: 'answerLost' },
    { type: 'submissionNotFound' },
    { type: 'observed', ...pending },
    { type: 'observed', phase: 'running', reason: null, startedAt: null },
    { type: 'goneFromScheduler' },
    { type: 'observed', ...pending, tasks: [{ tasks: [2], phase: 'pending', reason: null }] },
    { type: 'tasksFound', endings: new Map([[1, ended]]), isAll: false },
    { type: 'tasksFound', endings: new Map([[2, ended]]), isAll: true },
    { type: 'neverHeardOf' },
    { type: 'filesBrought' },
    { type: 'waited', on: 'platform', reason: 'r' },
    { type: 'needsRead', stand: { kind: 'met' } },
    { type: 'needsRead', stand: { kind: 'waiting', words: 'w' } },
    { type: 'needsRead', stand: { kind: 'not-met', words: 'w' } },
    { type: 'noticed', notice: 'n' }
  ),
  fc.record({ type: fc.constant('storedSeen' as const), attempt: fc.integer({ min: 1, max: 4 }) }),
  fc.constantFrom(...outcomes).map(
    (outcome): JobEvent => ({
      type: 'accountingFound',
      ending: { outcome, exitCode: 0, reason: null, startedAt: null, endedAt: null }
    })
  )
)

/** What must have been heard in an attempt before it may be finished in this way. */
function isEvidence(finished: Job, heard: readonly JobEvent[]): boolean {
  const types = heard.map(({ type }) => type)
  if (finished.state.kind !== 'finished') return true
  const ofAccounting = ['accountingFound', 'tasksFound', 'neverHeardOf'] as const
  if (finished.state.slurmJobId !== null) return ofAccounting.some((type) => types.includes(type))
  return finished.state.outcome === 'cancelled'
    ? finished.stopOrderedAt !== null || heard.some((one) => one.type === 'needsRead' && one.stand.kind === 'not-met')
    : types.includes('preparationRefused') || types.includes('submissionRefused')
}

const legalSteps: Readonly<Record<string, readonly string[]>> = {
  declared: ['preparing', 'submitting', 'finished'],
  preparing: ['submitting', 'finished'],
  submitting: ['queued', 'finished', 'submitting'],
  queued: ['running', 'finishing', 'queued'],
  running: ['queued', 'finishing', 'running'],
  finishing: ['finished', 'preparing'],
  finished: ['preparing', 'submitting', 'finished']
}

describe('the life of a job, whatever happens in whatever sequence', () => {
  it('takes only steps that it may take, and ends only with evidence', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let job = declareJob(0)
        let heard: JobEvent[] = []
        for (const one of events) {
          const before = job
          job = reduceJob(job, one, at).job
          if (job.attempt !== before.attempt) heard = []
          heard.push(one)
          if (job.state.kind !== before.state.kind) expect(legalSteps[before.state.kind]).toContain(job.state.kind)
          expect(isEvidence(job, heard)).toBe(true)
          expect(job.attempt).toBeGreaterThanOrEqual(before.attempt)
        }
      }),
      { numRuns: 2000 }
    )
  })

  it('owes something in every state but declared, queued, running and stored, and while it waits for another one', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const job = events.reduce<Job>((before, one) => reduceJob(before, one, at).job, declareJob(0))
        const rests =
          ['declared', 'queued', 'running'].includes(job.state.kind) ||
          job.waiting === 'need' ||
          (job.state.kind === 'finished' && job.state.collecting !== 'owed')
        expect(effectsOwed(job).length > 0 || rests).toBe(true)
      }),
      { numRuns: 2000 }
    )
  })

  it('does not depend on the sequence in which orders are read', () => {
    const order = fc.record({
      kind: fc.constantFrom('starts' as const, 'stops' as const),
      attempt: fc.integer({ min: 1, max: 3 })
    })
    fc.assert(
      fc.property(fc.array(order, { maxLength: 6 }), (given) => {
        const fold = (list: typeof given): JobEvent => {
          const orders = { starts: new Map<number, string>(), stops: new Map<number, string>(), controls: [], tries: new Map() }
          for (const { kind, attempt } of list) orders[kind].set(attempt, at)
          return { type: 'ordersRead', orders }
        }
        expect(reduceJob(declareJob(0), fold(given), at)).toEqual(reduceJob(declareJob(0), fold([...given].reverse()), at))
      })
    )
  })
})
