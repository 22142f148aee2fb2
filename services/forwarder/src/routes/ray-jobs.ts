import { isJobOver } from '@lautta/core/orchestration/known-order'
import { controlOrders } from '@lautta/core/orchestration/next-order'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { orderKey } from '../order-reader.ts'
import { pageQuery, paginate } from '../paginate.ts'
import { Problem } from '../problem.ts'
import { clusterParams, findCluster } from '../ray/find-cluster.ts'
import { type FoundRayJob, findRayJob, rayJobParams, rayJobsOf } from '../ray/find-ray-job.ts'
import { answerRayJob, rayJobAnswerSchema } from '../ray/ray-job-answer.ts'
import { logRoute, rayLogQuery, sendLog } from '../send-log.ts'
import { waitFor, waitQuery } from '../wait-for.ts'

const tags = ['ray']

/** The Ray jobs on one cluster: each is a job of an order, by whatever route it came. */
export function rayJobRoutes(app: App, context: AppContext): void {
  const { reader, writer, listen } = context

  app.get(
    '/ray/clusters/:cluster/jobs',
    {
      schema: {
        tags,
        summary: 'Your Ray jobs on a cluster, newest first: those posted here, and those of your orders',
        params: clusterParams,
        querystring: pageQuery,
        response: { 200: z.object({ items: z.array(rayJobAnswerSchema), next: z.string().nullable() }) }
      }
    },
    async (request) => {
      const caller = callerOf(request)
      const { name } = await findCluster(context, caller, request.params.cluster)
      const jobs = (await reader.readAll(caller.user))
        .flatMap((known) => rayJobsOf(caller.user, known))
        .filter(({ cluster }) => cluster === name)
        .map((found) => ({ key: keyOf(found), found }))
        .sort((a, b) => (a.key < b.key ? 1 : -1))
      const { items, next } = paginate(jobs, ({ key }) => key, request.query)
      return { items: items.map(({ found }) => answerRayJob(found)), next }
    }
  )

  app.get(
    '/ray/clusters/:cluster/jobs/:id',
    {
      schema: {
        tags,
        summary: 'One Ray job; with wait=300 as soon as it has ended, after so many seconds at most',
        params: rayJobParams,
        querystring: waitQuery,
        response: { 200: rayJobAnswerSchema }
      }
    },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { known } = await findRayJob(reader, user, request.params)
      const of = { user, id: known.request.id }
      const waiting = { listen, of, seconds: request.query.wait, response: reply.raw }
      return answerRayJob(await waitFor(() => findRayJob(reader, user, request.params), hasEnded, waiting))
    }
  )

  app.get(
    '/ray/clusters/:cluster/jobs/:id/log',
    {
      schema: {
        tags,
        summary: 'The raw bytes of what a Ray job printed, as far as they are there, or as they come',
        params: rayJobParams,
        querystring: rayLogQuery,
        ...logRoute
      }
    },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { known, one } = await findRayJob(reader, user, request.params)
      return sendLog(context, { user, id: known.request.id, one }, { source: 'out', ...request.query }, request, reply)
    }
  )

  app.post(
    '/ray/clusters/:cluster/jobs/:id/stop',
    {
      schema: {
        tags,
        summary: 'Stops a Ray job, in whatever state it is',
        params: rayJobParams,
        response: { 202: rayJobAnswerSchema }
      }
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { known, one } = await findRayJob(reader, caller.user, request.params)
      const decision = controlOrders(known, one, 'cancel')
      if ('conflict' in decision) throw new Problem(409, decision.conflict, { hint: decision.hint })
      if (decision.orders.length > 0) await writer.order(caller, known.request.id, [one.platform], decision.orders)
      reply.code(202)
      return answerRayJob(await findRayJob(reader, caller.user, request.params))
    }
  )
}

function hasEnded({ known, one }: FoundRayJob): boolean {
  return isJobOver(known, one)
}

function keyOf({ known: { request }, one }: FoundRayJob): string {
  return `${orderKey(request.createdAt, request.id)} ${one.platform} ${String(one.job.index).padStart(6, '0')}`
}
