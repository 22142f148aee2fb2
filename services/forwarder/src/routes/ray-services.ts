import type { Readable } from 'node:stream'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { clusterParams, findCluster } from '../ray/find-cluster.ts'
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
      await passToService(context, { caller, cluster, service: 'serve' }, path, request, reply)
    }
  })

  app.get(
    '/ray/clusters/:cluster/metrics/0',
    {
      exposeHeadRoute: false,
      schema: {
        tags,
        summary: "The metrics of a cluster's head, for Prometheus",
        params: clusterParams,
        produces: ['text/plain']
      }
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const cluster = await findCluster(context, caller, request.params.cluster)
      await passToService(context, { caller, cluster, service: 'metrics' }, '/metrics', request, reply)
    }
  )
}
