import type { TellablePlatform } from '../app-context.ts'
import type { FoundCluster } from './find-cluster.ts'

/** One place where a cluster's metrics are, as the API shows it. */
interface MetricsTarget {
  path: string
  labels: Record<string, string>
}

/** Where the metrics of a cluster are: of one in a job while it runs, of others where the configuration names them. */
export function metricsOf({ name, place, within }: FoundCluster, platforms: readonly TellablePlatform[]): MetricsTarget[] {
  const { ray } = platforms.find((one) => one.name === place.platform) ?? { ray: null }
  const hasMetrics = within === null ? (ray?.metrics.length ?? 0) > 0 : within.one.job.state.kind === 'running'
  if (!hasMetrics) return []
  // A forward leads to the head's; those of other nodes Prometheus has to find by itself.
  const path = `/v1/ray/clusters/${name}/metrics/0`
  const ofOrder = within === null ? {} : { orchestration: within.known.request.id }
  return [{ path, labels: { cluster: name, platform: place.platform, ...ofOrder } }]
}
