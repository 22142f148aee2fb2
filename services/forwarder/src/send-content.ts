import type { Readable } from 'node:stream'
import { messageOf } from '@lautta/core/errors'
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Sends a store's stream of a known length. One that breaks, or ends early, cuts the connection: the client must not
 * take a part for the whole, nor wait for the rest.
 */
export function sendContent(request: FastifyRequest, reply: FastifyReply, content: Readable, usedBytes: number): FastifyReply {
  let sentBytes = 0
  const tell = (error: string): void =>
    request.log.warn({ error, route: request.routeOptions.url, sentBytes, usedBytes }, 'a download broke off')
  // It flows when fastify pipes it, which also cuts the connection on an error.
  content.pause()
  content.on('data', (chunk: Buffer) => {
    sentBytes += chunk.length
  })
  content.once('error', (error) => tell(messageOf(error)))
  content.once('end', () => {
    if (sentBytes === usedBytes) return
    tell('it has another length than the store said')
    reply.raw.destroy()
  })
  return reply.header('content-length', usedBytes).send(content)
}
