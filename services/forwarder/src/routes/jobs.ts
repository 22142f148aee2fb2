import { answerJobInDetail, jobDetailSchema } from '@lautta/core/orchestration/answer'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findJob, jobParams } from '../find-job.ts'
import { logQuery, logRoute, sendLog } from '../send-log.ts'

const tags = ['jobs']

/** One job of an order, and its log. */
export function jobRoutes(app: App, context: AppContext): void {
  const { reader } = context

  app.get(
    '/orchestrations/:id/jobs/:platform/:index',
    { schema: { tags, summary: 'One job; of an array, with its tasks', params: jobParams, response: { 200: jobDetailSchema } } },
    async (request) => {
      const { known, found } = await findJob(reader, callerOf(request).user, request.params)
      return answerJobInDetail(known, found)
    }
  )

  app.get(
    '/orchestrations/:id/jobs/:platform/:index/log',
    {
      schema: {
        tags,
        summary: "The raw bytes of a job's output, as far as they are there, or as they come",
        params: jobParams,
        querystring: logQuery,
        ...logRoute
      }
    },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { found } = await findJob(reader, user, request.params)
      return sendLog(context, { user, id: request.params.id, one: found }, request.query, request, reply)
    }
  )
}
