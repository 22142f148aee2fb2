import type { FastifyRequest } from 'fastify'
import { z } from 'zod'

/** The header by which a client may send the same once more without ordering twice. */
export const repeatableHeaders = z.looseObject({ 'idempotency-key': z.string().min(1).max(200).optional() })

/** Keeps the body as it was sent, before defaults are filled in: that is what an Idempotency-Key stands for. */
export async function keepSentBody(request: FastifyRequest): Promise<void> {
  request.sentBody = request.body
}

declare module 'fastify' {
  interface FastifyRequest {
    sentBody: unknown
  }
}
