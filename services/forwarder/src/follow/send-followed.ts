import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '@lautta/core/errors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FollowedLogs } from './followed-logs.ts'
import { tellBytes, tellEvents } from './tell-log.ts'

// Of a connection on which nothing moves.
const keepAliveMs = 60_000
// Keeps proxies from closing a silent connection.
const longestSilenceMs = 10_000

/** The connection of one who follows, and where to say what happened to it. */
export type FollowingRequest = Pick<FastifyRequest, 'raw' | 'log'>

/**
 * Sends a followed log until its end, as events or as its bytes. A stream that breaks off is cut and not ended: its reader
 * must not take it for all there is.
 */
export function sendFollowed(
  { log, leave }: ReturnType<FollowedLogs['join']>,
  { from, events }: { from: number; events: Parameters<typeof tellEvents>[1] | null },
  request: FollowingRequest,
  reply: FastifyReply
): FastifyReply {
  const response = reply.hijack().raw
  const leaving = new AbortController()
  const { signal } = leaving
  response.once('close', () => {
    leaving.abort()
    leave()
  })
  if (response.destroyed) {
    // Gone before we could listen for it.
    leaving.abort()
    leave()
    return reply
  }
  // A connection without a byte is cut after a while, so that nothing is held for a client that takes nothing.
  const { socket } = request.raw
  const following = { log, from, signal, heartbeatMs: Math.min(longestSilenceMs, (socket.timeout || Infinity) / 2) }
  const stayOpen = (): void => void socket.setTimeout(socket.timeout ?? 0)
  socket.setKeepAlive(true, keepAliveMs)
  const content = events === null ? tellBytes(following, stayOpen) : tellEvents(following, events)
  const type = events === null ? 'text/plain; charset=utf-8' : 'text/event-stream'
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  response.flushHeaders()
  pipeline(Readable.from(content), response).catch((error: unknown) => {
    if (!signal.aborted) request.log.debug({ error: messageOf(error) }, 'a log could not be followed to its end')
  })
  return reply
}
