import { warningsAboutVersions } from '@lautta/core/ray/tell-cluster'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { isOffered } from '../offered-platforms.ts'
import { pageQuery, paginate } from '../paginate.ts'
import { answerCluster, clusterAnswerSchema } from '../ray/cluster-answer.ts'
import { clusterParams, findCluster } from '../ray/find-cluster.ts'
import { listClusters } from '../ray/list-clusters.ts'
import { probeCluster, probeClusters } from '../ray/probe-clusters.ts'

const tags = ['ray']
// A page of clusters that are asked is answered within a minute.
const mostProbed = 20

/** Ray clusters: those that are platforms, and those that are jobs of the caller's orders. */
export function rayClusterRoutes(app: App, context: AppContext): void {
  const { platforms, reader, asker } = context

  app.get(
    '/ray/clusters',
    {
      schema: {
        tags,
        summary: 'The Ray clusters on which you may run Ray jobs: platforms, and jobs of your orders that wait or run',
        querystring: pageQuery.extend({
          probe: z.stringbool().default(false).describe(`asks them, ${mostProbed} on a page, for versions, nodes and resources`)
        }),
        response: {
          200: z.object({
            items: z.array(clusterAnswerSchema),
            next: z.string().nullable(),
            warnings: z.array(z.string()).describe('versions that differ between those that were asked')
          })
        }
      }
    },
    async (request) => {
      const caller = callerOf(request)
      const { probe, cursor, limit } = request.query
      const statics = platforms.filter((one) => one.kind === 'ray' && isOffered(one, caller))
      const all = listClusters(statics, await reader.readAll(caller.user))
      const most = probe ? Math.min(limit, mostProbed) : limit
      const { items: page, next } = paginate(all, ({ key }) => key, { limit: most, ...(cursor !== undefined && { cursor }) })
      const clusters = page.map((one) => one.cluster)
      if (!probe) return { items: clusters.map((one) => answerCluster(one)), next, warnings: [] }
      const answers = await probeClusters(asker, caller.user, clusters)
      const told = [...answers].map(([name, answer]) => ({ name, answer }))
      const items = clusters.map((one) => answerCluster(one, answers.get(one.name)))
      return { items, next, warnings: warningsAboutVersions(told) }
    }
  )

  app.get(
    '/ray/clusters/:cluster',
    {
      schema: {
        tags,
        summary: 'One Ray cluster, and what it says of itself',
        params: clusterParams,
        response: { 200: clusterAnswerSchema }
      }
    },
    async (request) => {
      const caller = callerOf(request)
      const found = await findCluster(context, caller, request.params.cluster)
      return answerCluster(found, await probeCluster(asker, caller.user, found))
    }
  )
}
