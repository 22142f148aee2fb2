import type { KnownOrder } from '@lautta/core/orchestration/known-order'
import { readFanOut } from '@lautta/core/ray/read-fan-out'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { originOf } from '../origin.ts'
import { Problem } from '../problem.ts'
import { composeFanOut, fanOutSchema } from '../ray/compose-fan-out.ts'
import { answerFanOut, fanOutAnswerSchema, isFanOutOver } from '../ray/fan-out-answer.ts'
import { keepSentBody, repeatableHeaders } from '../sent-body.ts'
import { waitFor, waitQuery } from '../wait-for.ts'

const tags = ['ray']
// Within which the Ray jobs have to leave their results.
const resultSeconds = 24 * 3600

/** Work that is divided between Ray clusters: an order of one Ray job for each share, with stand-bys. */
export function rayFanOutRoutes(app: App, context: AppContext): void {
  const { reader, writer, management, signatures, listen, publicUrl } = context

  const read = async (user: string, id: string): Promise<KnownOrder> => {
    const known = await reader.read(user, id)
    if (readFanOut(known).length === 0) throw new Problem(404, `orchestration ${id} is no fan-out`)
    return known
  }
  const answer = async (user: string, id: string, seconds: number, { raw }: FastifyReply) => {
    const waiting = { listen, of: { user, id }, seconds, response: raw }
    return answerFanOut(context, user, await waitFor(() => read(user, id), isFanOutOver, waiting))
  }

  app.post(
    '/ray/fan-out',
    {
      schema: {
        tags,
        summary: 'Divides items between Ray clusters by what they have, and runs one Ray job for each share',
        headers: repeatableHeaders,
        querystring: waitQuery,
        body: fanOutSchema,
        response: { 202: fanOutAnswerSchema }
      },
      preValidation: keepSentBody
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { user } = caller
      const identity = writer.identify(user, request.headers['idempotency-key'])
      const { id } = identity
      const origin = publicUrl ?? originOf(request)
      const expiresSeconds = Math.floor(Date.now() / 1000) + resultSeconds
      const signPut = (path: string) =>
        signatures.sign(origin, { method: 'PUT', user, target: 'experiment', path, expiresSeconds })
      // Clusters may have other resources by now: what was divided stays so.
      const stored = identity.key === null ? null : await management.readRequest(user, id)
      const { request: order, warnings } = stored ?? (await composeFanOut(context, caller, request.body, { id, signPut }))
      await writer.create(caller, { identity, request: order, warnings, body: request.sentBody, start: true })
      reply.code(202)
      return answer(user, id, request.query.wait, reply)
    }
  )

  app.get(
    '/ray/fan-out/:id',
    {
      schema: {
        tags,
        summary: 'A fan-out with the results that are there; stopping its order stops it',
        params: z.object({ id: z.string() }),
        querystring: waitQuery,
        response: { 200: fanOutAnswerSchema }
      }
    },
    async (request, reply) => answer(callerOf(request).user, request.params.id, request.query.wait, reply)
  )
}
