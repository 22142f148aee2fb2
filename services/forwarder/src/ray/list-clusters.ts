import { answerJob } from '@lautta/core/orchestration/answer'
import type { KnownOrder } from '@lautta/core/orchestration/known-order'
import { orderKey } from '../order-reader.ts'
import { clustersOf, type FoundCluster, isClusterOver } from './find-cluster.ts'

/** A cluster with the key by which lists are sorted, the largest first. */
interface ListedCluster {
  key: string
  cluster: FoundCluster
}

/** Clusters that are platforms, as they are configured, then those in jobs that run or are to run, newest first. */
export function listClusters(statics: readonly { name: string }[], orders: readonly KnownOrder[]): ListedCluster[] {
  const configured = statics.map(({ name }, position) => {
    // Behind every date.
    const key = `~${String(statics.length - position).padStart(6, '0')}`
    return { key, cluster: { name, place: { platform: name, job: null }, within: null } }
  })
  const inJobs = orders.flatMap((known) =>
    clustersOf(known)
      .filter((cluster) => !isClusterOver(cluster) && isStarted(cluster))
      .map((cluster) => ({ key: `${orderKey(known.request.createdAt, known.request.id)} ${cluster.name}`, cluster }))
      .sort((a, b) => (a.key < b.key ? 1 : -1))
  )
  return [...configured, ...inJobs]
}

/** Whether somebody has ordered its start. */
function isStarted({ within }: FoundCluster): boolean {
  if (within === null) return true
  const { state, status } = answerJob(within.known, within.one)
  return state !== 'declared' || status.start
}
