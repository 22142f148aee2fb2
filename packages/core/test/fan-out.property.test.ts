import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { declareJob, isFinished, type Job } from '../src/job/job.ts'
import { type Outcome, outcomes } from '../src/job/outcome.ts'
import { needNotMet } from '../src/job/take-needs.ts'
import { fanOutPath } from '../src/object-names.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'
import type { KnownOrder } from '../src/orchestration/known-order.ts'
import { standOfNeeds } from '../src/orchestration/stand-of-needs.ts'
import { type ClusterPlace, clusterName, clusterOfRayJob } from '../src/ray/cluster-name.ts'
import { planFanOut, turnsFrom } from '../src/ray/plan-fan-out.ts'
import { rayJobOfShareSchema } from '../src/ray/ray-job.ts'
import { rayStatusOf } from '../src/ray/ray-status.ts'
import { decisiveJob, readFanOut } from '../src/ray/read-fan-out.ts'
import { at, orderedAt, running } from './sample-jobs.ts'

const id = 'fan'
const rayPlatforms = ['compose', 'kuberay', 'laptop']
const schema = orchestrationSchema([...rayPlatforms, 'lumi', 'mahti'], rayPlatforms)
const work = rayJobOfShareSchema.parse({ file: 'main.py' })

/** Clusters that are platforms, and several in jobs of two platforms; some of an order. */
const everyCluster: ClusterPlace[] = [
  ...rayPlatforms.map((platform) => ({ platform, job: null })),
  ...['lumi', 'mahti'].flatMap((platform) => [
    { platform, job: { orchestration: `o-${platform}`, index: 0 } },
    { platform, job: { orchestration: `o-${platform}`, index: 1 } }
  ])
]

/** How a Ray job ends on a cluster; `over`: the cluster ended before it could begin. */
type Fate = Outcome | 'over'
const fates = fc.oneof(fc.constantFrom<Fate>(...outcomes, 'over'), fc.constant<Fate>('completed'))
const clusters = fc
  .shuffledSubarray(everyCluster, { minLength: 1 })
  .chain((places) =>
    fc.tuple(...places.map((place) => fc.record({ place: fc.constant(place), fate: fates, isSilent: fc.boolean() })))
  )
  .filter((all) => all.some(({ isSilent }) => !isSilent))
type Cluster = { place: ClusterPlace; fate: Fate; isSilent: boolean }

function plan(all: readonly Cluster[]): KnownOrder {
  const placesOf = (isSilent: boolean) => all.filter((one) => one.isSilent === isSilent).map(({ place }) => place)
  const living = placesOf(false)
  const shares = living.map((first) => {
    const number = all.findIndex(({ place }) => place === first)
    const parameters = { items: [[number, 1]], output: { path: fanOutPath(id, number) } }
    return { number, turns: turnsFrom(first, living, placesOf(true)), parameters }
  })
  const planned = [...planFanOut(work, shares)].map(([platform, jobs]) => [platform, { jobs }])
  const request = schema.parse({ name: 'n', platforms: Object.fromEntries(planned) })
  const statuses = Object.entries(request.platforms).map(([platform, { jobs }]) => {
    const head = { schema: 1, id, platform, fence: 1, sequence: 1, history: [] }
    return [
      platform,
      { ...head, jobs: jobs.map((_job, index) => ({ ...declareJob(index), startOrderedAt: orderedAt })) }
    ] as const
  })
  const isOver = ({ orchestration, index }: { orchestration: string; index: number }) =>
    all.some(({ place, fate }) => place.job?.orchestration === orchestration && place.job.index === index && fate === 'over')
  const othersJobs = ['o-lumi', 'o-mahti'].map((orchestration) => {
    const jobs = [0, 1].map((index) => {
      const hasEnded = isOver({ orchestration, index })
      return { job: hasEnded ? end('failed') : running, isOver: hasEnded }
    })
    return [orchestration, jobs] as const
  })
  return {
    request: { id, createdAt: at, warnings: [], request, version: null, errors: [] },
    ...{ earlier: new Map(), orders: [], statuses: new Map(statuses), otherClusters: new Map(othersJobs) }
  }
}

function end(outcome: Outcome, reason: string | null = null): Job {
  const state = { kind: 'finished' as const, slurmJobId: '7', outcome, exitCode: null, reason, collecting: 'stored' as const }
  return { ...declareJob(0), state }
}

/** Carries an order out as a submitter does: a job begins when its needs are met, and ends as its cluster has it. */
function carryOut(known: KnownOrder, all: readonly Cluster[], pick: (most: number) => number): string[] {
  const done: string[] = []
  const open = () =>
    [...known.statuses].flatMap(([platform, { jobs }]) =>
      jobs.flatMap((job) => {
        const stand = standOfNeeds(known, platform, job)
        return isFinished(job) || stand.kind === 'waiting' ? [] : [{ platform, jobs, job, stand }]
      })
    )
  for (let ready = open(); ready.length > 0; ready = open()) {
    const { platform, jobs, job, stand } = ready[pick(ready.length)]!
    const ray = known.request.request.platforms[platform]!.jobs[job.index]!.ray!
    const name = clusterName(clusterOfRayJob(ray, platform, id))
    const { fate } = all.find(({ place }) => clusterName(place) === name)!
    const outcome = stand.kind === 'not-met' ? null : fate === 'over' ? 'lost' : fate
    if (outcome !== null) done.push(`${JSON.stringify(ray.parameters.output)} ${outcome}`)
    jobs[job.index] = { ...(outcome === null ? end('cancelled', needNotMet) : end(outcome)), index: job.index }
  }
  return done
}

describe('a fan-out', () => {
  it('does each share once, on the first cluster that can, whichever the others are, as long as one can', () => {
    fc.assert(
      fc.property(clusters, fc.infiniteStream(fc.nat()), (all, chance) => {
        const known = plan(all)
        const pick = (most: number): number => (chance.next().value ?? 0) % most
        const done = carryOut(known, all, pick)
        const shares = readFanOut(known)
        expect(shares.map(({ number }) => number)).toEqual(all.flatMap(({ isSilent }, number) => (isSilent ? [] : [number])))
        for (const share of shares) {
          const succeeded = done.filter((one) => one === `${JSON.stringify({ path: share.path })} completed`)
          const decisive = decisiveJob(known, share)
          const tried = share.jobs.map(({ platform, request }) => clusterName(clusterOfRayJob(request.ray!, platform, id)))
          const able = tried.findIndex((name) =>
            all.some(({ place, fate }) => clusterName(place) === name && fate === 'completed')
          )
          expect([...tried].sort()).toEqual(all.map(({ place }) => clusterName(place)).sort())
          expect(tried[0]).toBe(clusterName(all[share.number]!.place))
          expect(succeeded).toHaveLength(able === -1 ? 0 : 1)
          if (able !== -1) expect(decisive).toEqual(share.jobs[able])
          expect(rayStatusOf(known, decisive) === 'SUCCEEDED').toBe(able !== -1)
        }
      })
    )
  })
  it('is not any order, also not one whose Ray jobs have parameters of the same names', () => {
    const jobs = [{ ray: { file: 'main.py', parameters: { items: [1], output: { path: fanOutPath('other', 0) } } } }]
    const request = schema.parse({ name: 'n', platforms: { compose: { jobs } } })
    const head = { id, createdAt: at, warnings: [], request, version: null, errors: [] }
    expect(readFanOut({ request: head, earlier: new Map(), orders: [], statuses: new Map() })).toEqual([])
  })
})
