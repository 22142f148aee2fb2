import { z } from 'zod'
import { isFinished } from '../job/job.ts'
import { needNotMet } from '../job/take-needs.ts'
import { fanOutPath } from '../object-names.ts'
import { allJobsOf, isJobOver, type KnownJob, type KnownOrder } from '../orchestration/known-order.ts'

/** So many clusters share one work at most: each share has a job for each of them. */
export const mostClusters = 10

const parametersSchema = z.object({ items: z.array(z.unknown()), output: z.object({ path: z.string() }) })

/** A share of a fan-out with its jobs in their turns. */
export interface FanOutShare {
  number: number
  itemCount: number
  /** Where it leaves its result, in the user's experiment bucket. */
  path: string
  jobs: [KnownJob, ...KnownJob[]]
}

/** The shares of a fan-out, known by where their jobs leave results; none when the order is no fan-out. */
export function readFanOut(known: KnownOrder): FanOutShare[] {
  const jobs = allJobsOf(known).flatMap((one) => {
    const parameters = parametersSchema.safeParse(one.request.ray?.parameters)
    return parameters.success ? [{ one, parameters: parameters.data }] : []
  })
  return Array.from({ length: mostClusters }, (_none, number) => number).flatMap((number) => {
    const path = fanOutPath(known.request.id, number)
    const mine = jobs.filter(({ parameters }) => parameters.output.path === path)
    const [first, ...others] = mine.map(({ one }) => one).sort((a, b) => turnOf(a) - turnOf(b))
    const itemCount = mine[0]?.parameters.items.length ?? 0
    return first === undefined ? [] : [{ number, itemCount, path, jobs: [first, ...others] }]
  })
}

/** The job that tells how a share stands: the one that did it, else the one whose turn it is, else the last that tried. */
export function decisiveJob(known: KnownOrder, { jobs }: FanOutShare): KnownJob {
  const [first] = jobs
  return (
    jobs.find(({ job }) => isFinished(job) && job.state.outcome === 'completed') ??
    jobs.find((one) => !isJobOver(known, one)) ??
    jobs.findLast(({ job }) => !(isFinished(job) && job.state.reason === needNotMet)) ??
    first
  )
}

/** A job needs all that have their turn before it. */
function turnOf({ request }: KnownJob): number {
  return request.needs?.length ?? 0
}
