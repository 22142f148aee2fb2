import type { OrderDocument } from '@lautta/core/documents/order-document'
import { isFinished, type Job } from '@lautta/core/job/job'
import type { JobEvent } from '@lautta/core/job/job-event'
import { type Outcome, outcomes } from '@lautta/core/job/outcome'
import { effectsOwed } from '@lautta/core/job/reduce-job'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import { type Need, readNeed } from '@lautta/core/orchestration/needs'
import { type NewOrder, startOrders } from '@lautta/core/orchestration/next-order'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLiveOrder, type LiveOrder } from '../src/live-order.ts'
import { ordersRead } from '../src/orders-read.ts'
import { tellNeeds } from '../src/tell-needs.ts'

/*
 * One order on three platforms, in which a job may need any of those that were drawn before it. Each platform has a
 * session of its own, which knows the other ones as they were when it last looked. What happens next is drawn, too.
 */

const platforms = ['puhti', 'mahti', 'lumi']
const mostRounds = 100

const need = fc.record({
  before: fc.nat(7),
  fulfilling: fc.oneof(fc.constant(null), fc.uniqueArray(fc.constantFrom(...outcomes), { minLength: 1 }))
})
const job = fc.record({
  platform: fc.constantFrom(...platforms),
  retries: fc.constantFrom({}, { failed: 1 }),
  needs: fc.uniqueArray(need, { selector: ({ before }) => before, maxLength: 3 })
})
const outcome = fc.oneof(fc.constant('completed' as const), fc.constantFrom(...outcomes))
const move = fc.oneof(
  fc.record({ kind: fc.constant('pass' as const), platform: fc.constantFrom(...platforms) }),
  fc.record({ kind: fc.constant('go on' as const), of: fc.nat(7), outcome }),
  fc.record({ kind: fc.constant('cancel' as const), of: fc.nat(40) }),
  fc.record({ kind: fc.constant('start' as const) }),
  fc.record({ kind: fc.constant('run' as const), outcomes: fc.array(outcome, { minLength: 8, maxLength: 8 }) })
)
type Drawn<Of> = Of extends fc.Arbitrary<infer One> ? One : never

/** The order of the drawn jobs, and where each of them is in it. */
function compose(drawn: readonly Drawn<typeof job>[]) {
  const places = drawn.map(({ platform }, number) => {
    return { platform, index: drawn.slice(0, number).filter((one) => one.platform === platform).length }
  })
  const parts: Record<string, { jobs: object[] }> = {}
  for (const [number, { platform, retries, needs }] of drawn.entries()) {
    const written = needs.flatMap(({ before, fulfilling }) => {
      const place = before < number ? places[before] : undefined
      if (place === undefined) return []
      const name = `${place.platform}/job:${place.index}`
      return [fulfilling === null ? name : { job: name, outcomes: fulfilling }]
    })
    parts[platform] ??= { jobs: [] }
    parts[platform].jobs.push({ path: '/a.sh', retries, needs: written })
  }
  return { places, request: orchestrationSchema(platforms).parse({ name: 'n', platforms: parts }) }
}

/** What comes next of a job when all goes on by itself; null when it has ended, or may not begin. */
function nextEvent(of: Job, ending: Outcome): JobEvent | null {
  switch (of.state.kind) {
    case 'preparing':
      return effectsOwed(of).includes('prepare') ? { type: 'prepared' } : null
    case 'submitting':
      return { type: 'submissionAccepted', slurmJobId: '7', outPath: null, errPath: null }
    case 'queued':
      return { type: 'observed', phase: 'running', reason: null, startedAt: null }
    case 'running': {
      const told = { exitCode: 0, reason: null, startedAt: null, endedAt: null }
      return { type: 'accountingFound', ending: { outcome: ending, ...told } }
    }
    case 'finishing':
      return { type: 'filesBrought' }
    default:
      return null
  }
}

/** The sessions of the order; every move checks what it did. */
function open(drawn: readonly Drawn<typeof job>[]) {
  const { places, request } = compose(drawn)
  const accepted = { id: 'i', createdAt: '', warnings: [], errors: [], request, version: null }
  const given: OrderDocument[] = []
  const sessions = new Map<string, LiveOrder>()
  for (const platform of Object.keys(request.platforms)) {
    const ports = { save: async () => {}, fence: () => 1, now: () => new Date(0), onHistory: () => {} }
    sessions.set(platform, createLiveOrder({ request: accepted, platform, saved: null, ...ports }))
  }
  const give = (orders: readonly NewOrder[]): void => {
    given.push(...orders.map((one) => ({ schema: 1, ...one, by: 'u', keyId: 'k', at: '', hmac: '' })))
  }
  const jobAt = (session: LiveOrder | undefined, index: number): Job => {
    const found = session?.status.jobs[index]
    if (found === undefined) throw new Error(`there is no job ${index}`)
    return found
  }
  /** The end of a job, as a session knows it; null when it has not ended, or is to run again. */
  const seenEnd = (session: LiveOrder | undefined, { platform, index }: Pick<Need, 'platform' | 'index'>): Outcome | null => {
    const status = sessions.get(platform) === session ? session?.status : session?.elsewhere.get(platform)?.document
    const seen = status?.jobs[index]
    if (seen === undefined || !isFinished(seen)) return null
    const starts = session?.orders.filter(({ order, ...of }) => order === 'start' && (of.index ?? index) === index) ?? []
    const isAgain = starts.some((one) => (one.platform ?? platform) === platform && one.attempt > seen.attempt)
    return isAgain && seen.state.outcome !== 'completed' ? null : seen.state.outcome
  }
  /** The needs of a job, and how each ended, as far as its session knows. */
  const seenNeeds = (platform: string, index: number): [Need, Outcome | null][] => {
    const needs = request.platforms[platform]?.jobs[index]?.needs ?? []
    return needs.map((written) => {
      const wanted = readNeed(written, platform)
      return [wanted, seenEnd(sessions.get(platform), wanted)]
    })
  }
  const isFulfilled = ([{ outcomes: fulfilling }, ended]: [Need, Outcome | null]) => ended !== null && fulfilling.includes(ended)

  return {
    /** The session looks at the other platforms, and tells its jobs what it knows. */
    async pass(platform: string): Promise<void> {
      const session = sessions.get(platform)
      if (session === undefined) return
      for (const [name, { status }] of sessions) {
        if (name !== platform) session.elsewhere.set(name, { document: { ...status, hmac: '' }, etag: null, seenAtMs: 0 })
      }
      session.orders = [...given]
      await Promise.all(session.status.jobs.map(({ index }) => session.feed(index, ordersRead(session, platform, index))))
      const before = session.status
      await tellNeeds(session, platform, async () => new Map())
      for (const { index } of before.jobs.filter((one, at) => one !== session.status.jobs[at])) {
        const after = jobAt(session, index)
        const ends = seenNeeds(platform, index)
        if (isFinished(after)) {
          expect(after.state).toMatchObject({ outcome: 'cancelled', reason: 'need-not-met', slurmJobId: null })
          expect(ends.some((one) => one[1] !== null && !isFulfilled(one))).toBe(true)
        } else expect(after.waiting === 'need').toBe(!ends.every(isFulfilled))
      }
    },
    async goOn(number: number, ending: Outcome): Promise<void> {
      const { platform = '', index = 0 } = places[number] ?? {}
      const session = sessions.get(platform)
      if (session === undefined) return
      const event = nextEvent(jobAt(session, index), ending)
      if (event !== null) await session.feed(index, event)
      if (event?.type === 'prepared') expect(seenNeeds(platform, index).every(isFulfilled), 'begun too early').toBe(true)
    },
    cancel(number: number): void {
      const place = places[number]
      const attempt = place && jobAt(sessions.get(place.platform), place.index).attempt
      if (place !== undefined && attempt !== undefined) give([{ order: 'cancel', attempt, ...place }])
    },
    start(): void {
      const statuses = new Map([...sessions].map(([platform, { status }]) => [platform, status]))
      give(startOrders({ request: accepted, earlier: new Map(), orders: given, statuses }))
    },
    isOver: (): boolean =>
      [...sessions].every(([platform, { status }]) =>
        status.jobs.every(({ index }) => seenEnd(sessions.get(platform), { platform, index }) !== null)
      )
  }
}

type Order = ReturnType<typeof open>

/** All goes on until the order has come to its end. */
async function run(order: Order, endings: readonly Outcome[]): Promise<void> {
  let round = 0
  do {
    for (const platform of platforms) await order.pass(platform)
    for (const [number, ending] of endings.entries()) await order.goOn(number, ending)
  } while (!order.isOver() && ++round < mostRounds)
  expect(order.isOver(), 'a job that does not end').toBe(true)
}

async function make(one: Drawn<typeof move>, order: Order): Promise<void> {
  if (one.kind === 'pass') await order.pass(one.platform)
  else if (one.kind === 'go on') await order.goOn(one.of, one.outcome)
  else if (one.kind === 'run') await run(order, one.outcomes)
  else if (one.kind === 'cancel') order.cancel(one.of)
  else order.start()
}

describe('jobs that need each other, on three platforms that hear of each other late', () => {
  it('begin only when what they need has ended as it should, never when it has not, and all end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 2, maxLength: 8 }), fc.array(move, { maxLength: 120 }), async (jobs, moves) => {
        const order = open(jobs)
        order.start()
        for (const one of moves) await make(one, order)
        await run(order, Array(jobs.length).fill('completed'))
      }),
      { numRuns: 300 }
    )
  })
})
