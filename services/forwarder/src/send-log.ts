import { isFinished, type Job } from '@lautta/core/job/job'
import { logSources } from '@lautta/core/object-names'
import { joinLogParts } from '@lautta/object-store/log-pieces'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { AppContext } from './app-context.ts'
import { findLog } from './find-log.ts'
import { Problem } from './problem.ts'

const attemptAndOffset = {
  attempt: z.coerce.number().int().min(1).optional().describe('the present one when absent'),
  offset: z.coerce.number().int().min(0).default(0).describe('bytes to leave out at the beginning')
}

/** How the log of a job is asked for. */
export const logQuery = z.strictObject({
  source: z.enum(logSources).default('out'),
  task: z.coerce.number().int().min(0).optional().describe('of an array, one task; all of them in their sequence when absent'),
  ...attemptAndOffset
})

/** How that of a Ray job is: it is one stream. */
export const rayLogQuery = z.strictObject(attemptAndOffset)

/** Sends the raw bytes of a job's output, as far as they are there. */
export async function sendLog(
  { store, management }: Pick<AppContext, 'store' | 'management'>,
  of: { user: string; id: string; platform: string; job: Job },
  asked: z.output<typeof logQuery>,
  reply: FastifyReply
): Promise<FastifyReply> {
  const { user, id, platform, job } = of
  const { source, task = null, offset } = asked
  const number = asked.attempt ?? job.attempt
  const attempt = [job, ...job.earlier.filter(isFinished)].find((one) => one.attempt === number)
  if (attempt === undefined) throw new Problem(404, `the job has no attempt ${number}`)
  const bucket = management.bucketOf(user, 'pipeline')
  const run = { id, platform, index: job.index, attempt: number }
  const parts = await findLog(store, bucket, run, attempt, { source, task })
  const log = joinLogParts(store, bucket, parts, offset)
  // The bytes are a program's own: a browser must not take them for a page.
  return reply.type('text/plain; charset=utf-8').header('x-content-type-options', 'nosniff').send(log)
}
