import { createId, deriveId, deriveRayJobOrderId } from '@lautta/core/ids'
import { rayJobOnClusterSchema, writeClusterReference } from '@lautta/core/ray/ray-job'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { Problem } from '../problem.ts'
import { composeOrder } from '../ray/compose-order.ts'
import { clusterParams, findCluster, isClusterOver } from '../ray/find-cluster.ts'
import { findRayJob } from '../ray/find-ray-job.ts'
import { answerRayJob, rayJobAnswerSchema } from '../ray/ray-job-answer.ts'
import { keepSentBody, repeatableHeaders } from '../sent-body.ts'

/** A Ray job on a cluster: it is carried by an order of its own. */
export function runRayJobRoutes(app: App, context: AppContext): void {
  const { reader, writer, management } = context

  app.post(
    '/ray/clusters/:cluster/jobs',
    {
      schema: {
        tags: ['ray'],
        summary: 'Runs a Ray job on a cluster; a submission id that is known already finds what it stands for',
        params: clusterParams,
        headers: repeatableHeaders.describe('an Idempotency-Key gives the submission id where there is none'),
        body: rayJobOnClusterSchema,
        response: { 202: rayJobAnswerSchema }
      },
      preValidation: keepSentBody
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const found = await findCluster(context, caller, request.params.cluster)
      const { name, place } = found
      const { 'idempotency-key': key } = request.headers
      const given = request.body['submission-id']
      const submissionId = given ?? (key === undefined ? createId(new Date()) : deriveId(caller.user, key))
      const id = deriveRayJobOrderId(caller.user, name, submissionId)
      // What was ordered before is found, whatever became of the cluster.
      if (isClusterOver(found) && (await management.readRequest(caller.user, id)) === null) {
        throw new Problem(409, `the Ray cluster ${name} has ended`, { hint: 'start its order again, or order another cluster' })
      }
      const reference = place.job === null ? {} : { cluster: writeClusterReference(place.job) }
      const ray = { ...request.body, 'submission-id': submissionId, ...reference }
      await writer.create(caller, {
        identity: { id, key: given === undefined ? 'Idempotency-Key' : 'submission-id' },
        request: composeOrder(context, caller, submissionId, new Map([[place.platform, [{ ray }]]])),
        body: request.sentBody,
        start: true
      })
      reply.code(202)
      return answerRayJob(await findRayJob(reader, caller.user, { cluster: name, id: submissionId }))
    }
  )
}
