import { clusterName } from '@lautta/core/ray/cluster-name'
import { clusterTemplateSchema } from '@lautta/core/ray/cluster-template'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findOffered } from '../offered-platforms.ts'
import { Problem } from '../problem.ts'
import { answerCluster, clusterAnswerSchema } from '../ray/cluster-answer.ts'
import { composeOrder } from '../ray/compose-order.ts'
import { findCluster } from '../ray/find-cluster.ts'
import { keepSentBody, repeatableHeaders } from '../sent-body.ts'

const bodySchema = clusterTemplateSchema.extend({
  platform: z.string().describe('where the SLURM job is to run'),
  name: z.string().min(1).max(200).default('ray-cluster')
})

/** A Ray cluster in a SLURM job: it is the one job of an order of its own. */
export function orderRayClusterRoutes(app: App, context: AppContext): void {
  const { platforms, writer } = context

  app.post(
    '/ray/clusters',
    {
      schema: {
        tags: ['ray'],
        summary: 'Orders a Ray cluster in a SLURM job; stopping its order stops it',
        headers: repeatableHeaders,
        body: bodySchema,
        response: { 202: clusterAnswerSchema.extend({ warnings: z.array(z.string()) }) }
      },
      preValidation: keepSentBody
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { platform, name, ...template } = request.body
      if (findOffered(platforms, platform, caller).kind !== 'slurm')
        throw new Problem(400, `${platform} has no SLURM`, { hint: 'a Ray cluster starts inside a SLURM job' })
      const identity = writer.identify(caller.user, request.headers['idempotency-key'])
      const { warnings } = await writer.create(caller, {
        identity,
        request: composeOrder(context, caller, name, new Map([[platform, [{ name, 'ray-cluster': template }]]])),
        body: request.sentBody,
        start: true
      })
      const place = { platform, job: { orchestration: identity.id, index: 0 } }
      reply.code(202)
      return { ...answerCluster(await findCluster(context, caller, clusterName(place))), warnings: [...warnings] }
    }
  )
}
