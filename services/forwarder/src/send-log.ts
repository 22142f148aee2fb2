import { logSources } from '@lautta/core/object-names'
import type { KnownJob } from '@lautta/core/orchestration/known-order'
import { joinLogParts } from '@lautta/object-store/log-pieces'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { AppContext } from './app-context.ts'
import { findAttempt } from './find-attempt.ts'
import { findLog, refuseManyTasks } from './find-log.ts'
import { type AskedPlace, idsOfPlaces, lastEventId, placeOf } from './follow/log-place.ts'
import { type FollowingRequest, sendFollowed } from './follow/send-followed.ts'

const everyLog = {
  attempt: z.coerce.number().int().min(1).optional().describe('the present one when absent'),
  offset: z.coerce.number().int().min(0).default(0).describe('bytes to leave out at the beginning'),
  follow: z
    .stringbool()
    .default(false)
    .describe('goes on until the job has ended and all of its log was sent; so does Accept: text/event-stream alone')
}

/** How the log of a job is asked for. */
export const logQuery = z.strictObject({
  source: z.enum(logSources).default('out'),
  task: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .describe('of an array, one task; all of them in their sequence when absent. To follow, one must be named'),
  ...everyLog
})

/** How that of a Ray job is: it is one stream. */
export const rayLogQuery = z.strictObject(everyLog)

/** What a client that follows says when it comes back. */
const logHeaders = z.looseObject({
  'last-event-id': lastEventId.optional().describe('of a stream of events: goes on behind that one')
})

/** What the log routes of jobs and of Ray jobs have in common. */
export const logRoute = {
  headers: logHeaders,
  description:
    'As text/event-stream each event has text of the log as a JSON string in `data`, and in `id` the byte behind it, from which ' +
    '`Last-Event-ID` goes on; the last one is `event: end` with `{attempt, task, outcome, exit-code, reason}`.',
  answers: {
    200: {
      description: 'The log',
      content: { 'text/plain': { schema: { type: 'string' } }, 'text/event-stream': { schema: { type: 'string' } } }
    }
  }
}

/** What is looked at of a request. */
interface LogRequest extends FollowingRequest {
  method: string
  headers: { accept?: string | undefined; 'last-event-id'?: string | undefined }
}

/** Sends the raw bytes of a job's output as far as they are there, or also what follows. */
export async function sendLog(
  { store, management, followedLogs }: Pick<AppContext, 'store' | 'management' | 'followedLogs'>,
  of: { user: string; id: string; one: Pick<KnownJob, 'platform' | 'job' | 'request'> },
  asked: z.output<typeof logQuery>,
  request: LogRequest,
  reply: FastifyReply
): Promise<FastifyReply> {
  const { user, id, one } = of
  const { platform, job } = one
  const { source, task = null } = asked
  const isEvents = request.headers.accept?.includes('text/event-stream') ?? false
  const place: AskedPlace = isEvents ? placeOf(asked, request.headers['last-event-id']) : asked
  const number = place.attempt ?? job.attempt
  const attempt = findAttempt(job, number)
  const run = { id, platform, index: job.index, attempt: number }
  // HEAD asks for no body that one could wait for.
  if ((asked.follow || isEvents) && request.method === 'GET') {
    refuseManyTasks(attempt, one.request, { source, task })
    const followed = followedLogs.join({ user, run, source, task })
    const events = isEvents ? { idOf: idsOfPlaces(asked.attempt, number), task } : null
    return sendFollowed(followed, { from: place.offset, events }, request, reply)
  }
  const bucket = management.bucketOf(user, 'pipeline')
  const parts = await findLog(store, bucket, run, attempt, { source, task })
  const log = joinLogParts(store, bucket, parts, place.offset)
  // The bytes are a program's own: a browser must not take them for a page.
  return reply.type('text/plain; charset=utf-8').header('x-content-type-options', 'nosniff').send(log)
}
