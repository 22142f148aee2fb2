import { Readable } from 'node:stream'
import { isFinished } from '@lautta/core/job/job'
import { type LogSource, logPath, logSources, type Run } from '@lautta/core/object-names'
import { answerJobInDetail, jobDetailSchema } from '@lautta/core/orchestration/answer'
import { joinLogPieces, listLogPieces } from '@lautta/object-store/log-pieces'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findJob, jobParams } from '../find-job.ts'
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
      const { job } = (await findJob(reader, user, request.params)).found
      const attempt = request.query.attempt ?? job.attempt
      if (attempt !== job.attempt && !job.earlier.some((one) => one.attempt === attempt && isFinished(one))) {
        throw new Problem(404, `the job has no attempt ${attempt}`)
      }
      const log = await openLog(user, { id, platform, index, attempt }, request.query.source, request.query.offset)
      // The bytes are a program's own: a browser must not take them for a page.
      return reply.type('text/plain; charset=utf-8').header('x-content-type-options', 'nosniff').send(log)
    }
  )

  /** The whole log once it is joined, before that the pieces that there are. */
  const openLog = async (user: string, run: Run, source: LogSource, offset: number): Promise<Readable> => {
    const bucket = management.bucketOf(user, 'pipeline')
    const whole = await store.head(bucket, logPath(run, source))
    if (whole === null) return joinLogPieces(store, bucket, await listLogPieces(store, bucket, run, source), offset)
    if (offset >= whole.usedBytes) return Readable.from([])
    return (await store.get(bucket, logPath(run, source), { first: offset }))?.content ?? Readable.from([])
  }
}
