import { isBelievable, type SeenStatus, type StatusDocument } from '@lautta/core/documents/status-document'
import { type Attempt, isFinished } from '@lautta/core/job/job'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createModel, id, type Model, platform, scriptOf, user } from './model/model.ts'

/*
 * The protocol model: the real submitter (session, reducer, and what they decide about a submission) in a world in
 * which every step of two processes interleaves with every other, by a seed. Processes crash, are stopped and go on,
 * writes arrive late, answers are lost, Redis is emptied, somebody stops and starts the order, or puts its request anew.
 * Then the world becomes calm, and the order must come to its end, with at most one job for each attempt.
 */

const chaosMoves = 300
const controlRounds = 12
const mostCalmRounds = 150

const chaos: readonly [weight: number, move: (model: Model) => unknown][] = [
  [60, (model) => model.takeStep()],
  [10, (model) => model.pass()],
  [15, (model) => model.advance(model.random.pick([100, 1000, 5000, 10_000]))],
  [6, (model) => model.moveJobs()],
  [4, (model) => model.collect()],
  [2, (model) => model.crash()],
  [3, (model) => model.pauseOrContinue()],
  [1, (model) => model.emptyRedis()],
  [1, (model) => model.orderSomething()],
  [1, (model) => model.orderControl()],
  [1, (model) => model.putAnew()]
]
const totalWeight = chaos.reduce((sum, [weight]) => sum + weight, 0)

function pickMove(model: Model): (model: Model) => unknown {
  let at = model.random.below(totalWeight)
  for (const [weight, move] of chaos) {
    if (at < weight) return move
    at -= weight
  }
  throw new Error('unreachable')
}

/** What a user sees who looks all the time, through a forwarder that passes over late writes. */
function createReader(model: Model) {
  let seen: SeenStatus | undefined
  return async (): Promise<StatusDocument | null> => {
    const found = await model.management.readStatus(user, id, platform)
    if (found !== null && isBelievable(found, seen, model.world.nowMs)) seen = { document: found, seenAtMs: model.world.nowMs }
    return seen?.document ?? null
  }
}

async function calmRound(model: Model, doJobsMove = true): Promise<void> {
  await model.takeAllSteps()
  await model.pass()
  await model.takeAllSteps()
  model.advance(5000)
  if (doJobsMove) model.moveJobs()
  await model.collect()
}

type Control = Awaited<ReturnType<Model['controls']>>[number]

function isCarriedOut({ found, expected }: Control): boolean {
  return found.isHeld === expected.isHeld && found.restarts === expected.restarts
}

function isOver(status: StatusDocument | null): boolean {
  return status?.jobs.every((job) => isFinished(job) && job.state.collecting === 'stored') ?? false
}

async function live(seed: number) {
  const model = createModel(seed)
  await model.start()
  const read = createReader(model)
  for (let move = 0; move < chaosMoves; move++) {
    await pickMove(model)(model)
    if (move % 10 === 0) await read()
  }
  // Most jobs are on the platform only now.
  for (let round = 0; round < controlRounds; round++) {
    await calmRound(model)
    if (model.random.isTrue(0.4)) await model.orderControl()
  }
  model.calmDown()
  // Nothing moves but the submitters: what was ordered is carried out.
  model.advance(130_000)
  let controls = await model.controls()
  for (let round = 0; round < mostCalmRounds && !controls.every(isCarriedOut); round++) {
    await calmRound(model, false)
    controls = await model.controls()
  }
  await model.bringToEnd()
  // All is looked at again after two minutes: orders of which no hint was heard, and late writes from before.
  for (let look = 0; look < 2; look++) {
    model.advance(130_000)
    for (let round = 0; round < 4; round++) await calmRound(model)
    for (let round = 0; round < mostCalmRounds && !isOver(await read()); round++) await calmRound(model)
  }
  // What ended after the last pass (a retry that the limit forbids does at once) is told by one more.
  await calmRound(model)
  model.advance(300_000)
  return { model, controls, status: await model.management.readStatus(user, id, platform), seen: await read() }
}

function attemptsOf(status: StatusDocument | null): { index: number; attempt: Attempt }[] {
  return (status?.jobs ?? []).flatMap((job) => [...job.earlier, job].map((attempt) => ({ index: job.index, attempt })))
}

/** The places of SLURM's jobs for one of ours, in the sequence in which they were submitted. */
function submittedFor(model: Model, status: StatusDocument | null, index: number): number[] {
  return attemptsOf(status)
    .filter((one) => one.index === index)
    .map(({ attempt: { attempt } }) => model.cluster.jobs.findIndex(({ token }) => token === model.tokenOf(index, attempt)))
    .filter((place) => place !== -1)
}

/** What is told of each attempt: its end, and SLURM's id. */
function endsOf(status: StatusDocument | null) {
  return attemptsOf(status).map(({ index, attempt: { attempt, state } }) => ({ index, attempt, state }))
}

/** The same, as a notebook should read it. */
function viewedEndsOf(status: StatusDocument | null) {
  const jobs = (status?.jobs ?? [])
    .filter(isFinished)
    .map(({ attempt, state: { outcome, slurmJobId } }) => ({ attempt, outcome, id: slurmJobId ?? 'None' }))
  return jobs.map((job) => expect.objectContaining(job))
}

describe('the submit protocol, with two submitters and everything that can happen to them', () => {
  it('never makes two jobs for an attempt, never loses an order, never costs more than it may, and tells how each ended', {
    timeout: 600_000
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { model, status, seen, controls } = await live(seed)
        for (const { found, expected } of controls) expect(found, 'what was ordered for a job on the platform').toEqual(expected)
        const tokens = model.cluster.jobs.map(({ token }) => token)
        expect(new Set(tokens).size, 'two jobs for an attempt').toBe(tokens.length)
        expect(tokens.length, 'more than the order may cost').toBeLessThanOrEqual(model.mostUnits)
        expect(
          status?.jobs.every((job) => isFinished(job) && job.state.collecting === 'stored'),
          'an order that did not come to its end'
        ).toBe(true)
        const isCompleted = (place: number) => model.cluster.jobs[place]?.state === 'completed'
        for (const place of model.hasNeed ? submittedFor(model, status, 1) : []) {
          const earlier = submittedFor(model, status, 0).filter((other) => other < place)
          expect(earlier.some(isCompleted), 'a job that began before what it needs').toBe(true)
        }
        const view = { platforms: { [platform]: expect.objectContaining({ jobs: viewedEndsOf(status) }) } }
        expect(await model.readView(), 'an older view is what is left').toEqual(
          model.hasView ? expect.objectContaining(view) : null
        )
        expect(endsOf(seen), 'an older document is what is left').toEqual(endsOf(status))
        for (const { index, attempt } of attemptsOf(status)) {
          if (!isFinished(attempt)) throw new Error('an earlier attempt did not end')
          const token = model.tokenOf(index, attempt.attempt)
          const job = model.cluster.jobs.find((one) => one.token === token)
          expect(attempt.state.slurmJobId, 'a job that nobody knows of, or one that never was').toBe(job?.id ?? null)
          if (job === undefined) expect(['cancelled', 'failed']).toContain(attempt.state.outcome)
          else {
            expect(attempt.state.outcome).toBe(job.state)
            expect(job.restarts, 'requeued more often than ordered').toBeLessThanOrEqual(model.requeuesOf(index, attempt.attempt))
            expect(job.script, 'another version than is told').toBe(scriptOf(attempt.version))
          }
        }
      }),
      {
        numRuns: Number(process.env.MODEL_RUNS ?? 300),
        // The story that failed in another run comes first.
        examples: process.env.MODEL_SEED === undefined ? [] : [[Number(process.env.MODEL_SEED)]]
      }
    )
  })
})
