import { allJobsOf, isJobOver, jobsOf, type KnownJob, type KnownOrder } from '@lautta/core/orchestration/known-order'
import { type ClusterPlace, clusterName, readClusterName } from '@lautta/core/ray/cluster-name'
import { z } from 'zod'
import type { AppContext } from '../app-context.ts'
import type { Caller } from '../authenticate.ts'
import { findOffered } from '../offered-platforms.ts'
import { Problem } from '../problem.ts'

/** How a path names one Ray cluster. */
export const clusterParams = z.object({
  cluster: z
    .string()
    .max(300)
    .describe("a Ray cluster: its platform's name, or <orchestration>.<platform>.<index> of the job in which it is")
})

/** A Ray cluster that a user may use. */
export interface FoundCluster {
  name: string
  place: ClusterPlace
  /** The job that is the cluster, and its order; null: the platform itself is it. */
  within: { known: KnownOrder; one: KnownJob } | null
}

/** A Ray cluster by its name; one in somebody else's order is as unknown as one that never was. */
export async function findCluster(
  { reader, platforms }: Pick<AppContext, 'reader' | 'platforms'>,
  caller: Caller,
  name: string
): Promise<FoundCluster> {
  const place = readClusterName(name)
  if (place === null) throw new Problem(404, `there is no Ray cluster ${name}`)
  const { platform, job } = place
  if (job === null) {
    const found = findOffered(platforms, platform, caller)
    if (found.kind !== 'ray') throw new Problem(404, `${name} is no Ray cluster`, { hint: 'GET /v1/ray/clusters lists yours' })
    return { name, place, within: null }
  }
  const known = await reader.read(caller.user, job.orchestration)
  const one = jobsOf(known, platform).find(({ job: { index } }) => index === job.index)
  if (one?.request['ray-cluster'] === undefined) throw new Problem(404, `there is no Ray cluster ${name}`)
  return { name, place, within: { known, one } }
}

/** The clusters that the jobs of an order are, whether they run or not. */
export function clustersOf(known: KnownOrder): (FoundCluster & { within: object })[] {
  return allJobsOf(known)
    .filter(({ request }) => request['ray-cluster'] !== undefined)
    .map((one) => {
      const { platform, job } = one
      const place = { platform, job: { orchestration: known.request.id, index: job.index } }
      return { name: clusterName(place), place, within: { known, one } }
    })
}

/** Whether a cluster is over: of one that is a platform nobody knows. */
export function isClusterOver({ within }: FoundCluster): boolean {
  return within !== null && isJobOver(within.known, within.one)
}
