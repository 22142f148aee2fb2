import { z } from 'zod'
import { type Outcome, outcomes } from '../job/outcome.ts'
import { type RayJobRequest, readClusterReference } from '../ray/ray-job.ts'

const nameForm = /^(?:([^/]+)\/)?job:(0|[1-9]\d*)$/
const jobName = z.string().regex(nameForm, 'write job:<index>, or <platform>/job:<index>')

/** A job that another one needs, as it stands in a request; without outcomes it has to complete. */
export const needSchema = z.union(
  [jobName, z.strictObject({ job: jobName, outcomes: z.array(z.enum(outcomes)).min(1).optional() })],
  `write job:<index>, <platform>/job:<index>, or {job, outcomes}, outcomes being a list of ${outcomes.join(', ')}`
)
type WrittenNeed = z.output<typeof needSchema>

/** By which a job is known within its order. */
interface JobPlace {
  platform: string
  index: number
}

/** A job that has to end in one of these outcomes before the one that needs it begins. */
export interface Need extends JobPlace {
  outcomes: readonly Outcome[]
}

/** As much of an order as tells which of its jobs need which. */
type NeedingPlatforms = Readonly<
  Record<string, { jobs: readonly { needs?: readonly WrittenNeed[]; ray?: Pick<RayJobRequest, 'cluster'> }[] }>
>

/** A need as a job on the platform means it. */
export function readNeed(written: WrittenNeed, platform: string): Need {
  const { job, outcomes: fulfilling = ['completed' as const] } = typeof written === 'string' ? { job: written } : written
  const [, elsewhere = platform, index] = nameForm.exec(job) ?? []
  return { platform: elsewhere, index: Number(index), outcomes: fulfilling }
}

/** What a job is called in complaints and histories. */
export function nameOfJob({ platform, index }: JobPlace): string {
  return `${platform}/job:${index}`
}

/** The platforms whose jobs are needed on a platform. */
export function platformsNeededOn(platforms: NeedingPlatforms, platform: string): Set<string> {
  return new Set(allNeeds(platforms).flatMap(({ of, need }) => (of.platform === platform ? [need.platform] : [])))
}

/** The platforms on which a job is needed. */
export function platformsThatNeed(platforms: NeedingPlatforms, { platform, index }: JobPlace): Set<string> {
  const isNeeded = ({ need }: PlacedNeed) => need.platform === platform && need.index === index
  return new Set(
    allNeeds(platforms)
      .filter(isNeeded)
      .map(({ of }) => of.platform)
  )
}

/** What is wrong with the needs of an order, and where that stands. */
export function complaintsAboutNeeds(platforms: NeedingPlatforms): { path: (string | number)[]; message: string }[] {
  const needs = allNeeds(platforms)
  const wrong = needs.flatMap((one) => {
    const message = complaintAboutNeed(platforms, one)
    return message === null ? [] : [{ path: one.path, message }]
  })
  if (wrong.length > 0) return wrong
  const circle = findCircle([...needs, ...clusterNeeds(platforms)])
  const [first] = circle
  if (first === undefined) return []
  const names = [...circle.map(({ of }) => nameOfJob(of)), nameOfJob(first.of)]
  return [{ path: first.path, message: `a circle, in which no job could ever begin: ${names.join(' → ')}` }]
}

/** A need, whose it is, whether the same job names it before, and where it stands. */
interface PlacedNeed {
  of: JobPlace
  need: Need
  isRepeated: boolean
  path: (string | number)[]
}

function allNeeds(platforms: NeedingPlatforms): PlacedNeed[] {
  return Object.entries(platforms).flatMap(([platform, { jobs }]) =>
    jobs.flatMap(({ needs = [] }, index) => {
      const named = new Set<string>()
      return needs.map((written, position) => {
        const need = readNeed(written, platform)
        const isRepeated = named.has(nameOfJob(need))
        named.add(nameOfJob(need))
        return { of: { platform, index }, need, isRepeated, path: ['platforms', platform, 'jobs', index, 'needs', position] }
      })
    })
  )
}

/** Ray jobs need the jobs that start their clusters; those have to run, and not to end. */
function clusterNeeds(platforms: NeedingPlatforms): PlacedNeed[] {
  return Object.entries(platforms).flatMap(([platform, { jobs }]) =>
    jobs.flatMap(({ ray }, index) => {
      const cluster = ray === undefined ? null : readClusterReference(ray)
      if (cluster === null || cluster.orchestration !== null || jobs[cluster.index] === undefined) return []
      const need = { platform, index: cluster.index, outcomes: [] }
      const path = ['platforms', platform, 'jobs', index, 'ray', 'cluster']
      return [{ of: { platform, index }, need, isRepeated: false, path }]
    })
  )
}

function complaintAboutNeed(platforms: NeedingPlatforms, { of, need, isRepeated }: PlacedNeed): string | null {
  if (!Object.hasOwn(platforms, need.platform)) return `the order names no platform ${need.platform}`
  const count = platforms[need.platform]?.jobs.length ?? 0
  if (need.index >= count) return `there is no ${nameOfJob(need)}: the jobs there are 0 to ${count - 1}`
  if (nameOfJob(need) === nameOfJob(of)) return 'a job can not need itself'
  return isRepeated ? `${nameOfJob(need)} is named twice` : null
}

/** Needs that lead from a job back to itself; empty when none do. Each need is followed once. */
function findCircle(needs: readonly PlacedNeed[]): PlacedNeed[] {
  const unfollowed = new Map<string, PlacedNeed[]>()
  for (const one of needs) {
    const job = nameOfJob(one.of)
    unfollowed.set(job, unfollowed.get(job) ?? [])
    unfollowed.get(job)?.push(one)
  }
  const way: PlacedNeed[] = []
  const onWay = new Set<string>()
  for (const start of unfollowed.keys()) {
    let job: string | null = start
    while (job !== null) {
      onWay.add(job)
      const next = unfollowed.get(job)?.shift()
      if (next === undefined) {
        onWay.delete(job)
        const last = way.pop()
        job = last === undefined ? null : nameOfJob(last.of)
      } else {
        way.push(next)
        const needed = nameOfJob(next.need)
        if (onWay.has(needed)) return way.slice(way.findIndex(({ of }) => nameOfJob(of) === needed))
        job = needed
      }
    }
  }
  return []
}
