import type { Readable } from 'node:stream'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { Problem } from '../problem.ts'
import { clusterParams, findCluster } from '../ray/find-cluster.ts'
import { countMetrics } from '../ray/metrics-targets.ts'
import { passToService } from '../ray/near-service.ts'

const tags = ['ray']
const methods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const

/** Ray Serve and the metrics of a cluster, for programs that have an API key. */
export function rayServiceRoutes(app: App, context: AppContext): void {
  app.removeAllContentTypeParsers()
  // Passed on as it comes.
  app.addContentTypeParser('*', async (_request: unknown, payload: Readable) => payload)

  app.route({
    method: [...methods],
    url: '/ray/clusters/:cluster/serve/*',
    exposeHeadRoute: false,
    schema: {
      tags,
      summary: 'What Ray Serve of a cluster answers; it gets the request as it is, without the API key and cookies',
      params: clusterParams.extend({ '*': z.string() })
    },
    handler: async (request, reply) => {
      const caller = callerOf(request)
      const cluster = await findCluster(context, caller, request.params.cluster)
      // As it was sent: what is escaped stays so.
      const path = request.url.replace(/^\/v1\/ray\/clusters\/[^/?]+\/serve/, '')
      await passToService(context, { caller, cluster, service: 'serve', node: 0 }, path, request, reply)
    }
  })

  app.get(
    '/ray/clusters/:cluster/metrics/:node',
    {
      exposeHeadRoute: false,
      schema: {
        tags,
        summary: 'The metrics of one node of a cluster, for Prometheus',
        params: clusterParams.extend({ node: z.coerce.number().int().min(0).describe('as metrics-targets tells') }),
        produces: ['text/plain']
      }
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { node } = request.params
      const cluster = await findCluster(context, caller, request.params.cluster)
      if (node >= countMetrics(cluster, context.platforms))
        throw new Problem(404, `${cluster.name} tells no metrics of node ${node}`, {
          hint: 'GET /v1/ray/metrics-targets tells which there are'
        })
      await passToService(context, { caller, cluster, service: 'metrics', node }, '/metrics', request, reply)
    }
  )
}
