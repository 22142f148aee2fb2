import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { isOffered } from '../offered-platforms.ts'
import { originOf } from '../origin.ts'
import { listClusters } from '../ray/list-clusters.ts'
import { metricsOf } from '../ray/metrics-targets.ts'

/** Where Prometheus finds the metrics of Ray clusters: behind the API, each with the same API key. */
export function rayMetricsRoutes(app: App, { platforms, reader }: AppContext): void {
  app.get(
    '/ray/metrics-targets',
    {
      schema: {
        tags: ['ray'],
        summary: "The caller's Ray clusters in the form of Prometheus' HTTP service discovery",
        response: {
          200: z.array(z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()) }))
        }
      }
    },
    async (request) => {
      const caller = callerOf(request)
      const statics = platforms.filter((one) => one.kind === 'ray' && isOffered(one, caller))
      const { host, protocol } = new URL(originOf(request))
      const clusters = listClusters(statics, await reader.readAll(caller.user)).map(({ cluster }) => cluster)
      return clusters.flatMap((cluster) =>
        metricsOf(cluster, platforms).map(({ path, labels }) => ({
          targets: [host],
          labels: { __scheme__: protocol.replace(':', ''), __metrics_path__: path, ...labels }
        }))
      )
    }
  )
}
