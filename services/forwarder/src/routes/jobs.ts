import { isFinished } from '@lautta/core/job/job'
import { logSources } from '@lautta/core/object-names'
import { answerJobInDetail, jobDetailSchema } from '@lautta/core/orchestration/answer'
import { joinLogParts } from '@lautta/object-store/log-pieces'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findJob, jobParams } from '../find-job.ts'
import { findLog } from '../find-log.ts'
import { Problem } from '../problem.ts'

const tags = ['jobs']

/** One job of an order, and its log. */
export function jobRoutes(app: App, { reader, store, management }: AppContext): void {
  app.get(
    '/orchestrations/:id/jobs/:platform/:index',
    { schema: { tags, summary: 'One job; of an array, with its tasks', params: jobParams, response: { 200: jobDetailSchema } } },
    async (request) => {
      const { known, found } = await findJob(reader, callerOf(request).user, request.params)
      return answerJobInDetail(known, found)
    }
  )

  const logQuery = z.strictObject({
    source: z.enum(logSources).default('out'),
    task: z.coerce.number().int().min(0).optional().describe('of an array, one task; all of them in their sequence when absent'),
    attempt: z.coerce.number().int().min(1).optional().describe('the present one when absent'),
    offset: z.coerce.number().int().min(0).default(0).describe('bytes to leave out at the beginning')
  })
  app.get(
    '/orchestrations/:id/jobs/:platform/:index/log',
    {
      schema: {
        tags,
        summary: "The raw bytes of a job's output, as far as they are there",
        params: jobParams,
        querystring: logQuery,
        produces: ['text/plain']
      }
    },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { id, platform, index } = request.params
      const { source, task = null, offset } = request.query
      const { job } = (await findJob(reader, user, request.params)).found
      const number = request.query.attempt ?? job.attempt
      const attempt = [job, ...job.earlier.filter(isFinished)].find((one) => one.attempt === number)
      if (attempt === undefined) throw new Problem(404, `the job has no attempt ${number}`)
      const bucket = management.bucketOf(user, 'pipeline')
      const parts = await findLog(store, bucket, { id, platform, index, attempt: number }, attempt, { source, task })
      const log = joinLogParts(store, bucket, parts, offset)
      // The bytes are a program's own: a browser must not take them for a page.
      return reply.type('text/plain; charset=utf-8').header('x-content-type-options', 'nosniff').send(log)
    }
  )
}
