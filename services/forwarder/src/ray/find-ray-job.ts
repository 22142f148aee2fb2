import { deriveRayJobOrderId } from '@lautta/core/ids'
import { allJobsOf, type KnownJob, type KnownOrder } from '@lautta/core/orchestration/known-order'
import { clusterName, clusterOfRayJob } from '@lautta/core/ray/cluster-name'
import { z } from 'zod'
import type { OrderReader } from '../order-reader.ts'
import { Problem } from '../problem.ts'
import { clusterParams } from './find-cluster.ts'

/** How a path names one Ray job. */
export const rayJobParams = clusterParams.extend({
  id: z.string().max(100).describe('the submission id, or <orchestration>.<index> of a Ray job that an order of yours has')
})

/** A Ray job of an order, with the name of the cluster to which it goes. */
export interface FoundRayJob {
  id: string
  cluster: string
  known: KnownOrder
  one: KnownJob
}

/** The Ray jobs of an order, on whatever clusters. */
export function rayJobsOf(user: string, known: KnownOrder): FoundRayJob[] {
  return allJobsOf(known).flatMap((one) => {
    const { ray } = one.request
    if (ray === undefined) return []
    const orderId = known.request.id
    const cluster = clusterName(clusterOfRayJob(ray, one.platform, orderId))
    const submissionId = ray['submission-id']
    const isByItself = submissionId !== undefined && deriveRayJobOrderId(user, cluster, submissionId) === orderId
    return [{ id: isByItself ? submissionId : `${orderId}.${one.job.index}`, cluster, known, one }]
  })
}

/** One Ray job of the user's own on a cluster. */
export async function findRayJob(
  reader: OrderReader,
  user: string,
  { cluster, id }: z.output<typeof rayJobParams>
): Promise<FoundRayJob> {
  const [, orderId = id] = /^(.+)\.\d+$/.exec(id) ?? []
  for (const one of [deriveRayJobOrderId(user, cluster, id), orderId]) {
    const known = await readIfThere(reader, user, one)
    const found = known === null ? undefined : rayJobsOf(user, known).find((job) => job.cluster === cluster && job.id === id)
    if (found !== undefined) return found
  }
  throw new Problem(404, `there is no Ray job ${id} on ${cluster}`)
}

async function readIfThere(reader: OrderReader, user: string, id: string): Promise<KnownOrder | null> {
  try {
    return await reader.read(user, id)
  } catch (error) {
    // Looked for under two ids, of which one is never there.
    if (error instanceof Problem && error.status === 404) return null
    throw error
  }
}
