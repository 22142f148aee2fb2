import type { TellablePlatform } from '../app-context.ts'
import type { FoundCluster } from './find-cluster.ts'

/** One place where a cluster's metrics are, as the API shows it. */
interface MetricsTarget {
  path: string
  labels: Record<string, string>
}

// Of a cluster in a job its head tells those of autoscaler and dashboard, too.
const metricsBesideNodes = 2

/** In how many places a cluster tells its metrics: the configuration names them, or the template of its job has so many nodes. */
export function countMetrics({ place, within }: FoundCluster, platforms: readonly TellablePlatform[]): number {
  const platform = platforms.find(({ name }) => name === place.platform)
  if (within === null) return platform?.ray?.metrics.length ?? 0
  if (platform === undefined || platform.remoteForward !== null) return 0
  return (within.one.request['ray-cluster']?.nodes ?? 0) + metricsBesideNodes
}

/** Where the metrics of a cluster are; of one in a job while it runs. */
export function metricsOf(cluster: FoundCluster, platforms: readonly TellablePlatform[]): MetricsTarget[] {
  const { name, place, within } = cluster
  if (within !== null && within.one.job.state.kind !== 'running') return []
  const ofOrder = within === null ? {} : { orchestration: within.known.request.id }
  const labels = { cluster: name, platform: place.platform, ...ofOrder }
  return Array.from({ length: countMetrics(cluster, platforms) }, (_, node) => ({
    path: `/v1/ray/clusters/${name}/metrics/${node}`,
    labels
  }))
}
