import type { Duplex } from 'node:stream'
import { promisify } from 'node:util'
import { UnavailableError } from '@lautta/core/errors'
import { type WebSocket, WebSocketServer } from 'ws'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { Problem } from '../problem.ts'
import { findUpgrade, takeUpgrade } from '../route-upgrades.ts'

// Keeps proxies from closing a silent connection, and finds clients that are gone.
const pingMs = 30_000
const mostMessageBytes = 16 * 1024 * 1024
// Of RFC 6455, section 7.4.1.
const normalClosure = 1000
const goingAway = 1001
const unsupportedData = 1003
const serviceBroke = 1011

/** The bytes of a forward's service in a WebSocket, for a program beside the user that listens in its place. */
export function forwardStreamRoutes(app: App, { forwards, openForwardStream }: AppContext): void {
  const server = new WebSocketServer({ noServer: true, maxPayload: mostMessageBytes, perMessageDeflate: false })
  app.addHook('preClose', async () => {
    for (const client of server.clients) client.close(goingAway, 'Lautta is ending')
    server.close()
  })

  app.get(
    '/forwards/:id/stream',
    {
      schema: {
        tags: ['forwards'],
        summary: 'One TCP connection to the service in a WebSocket: binary messages are its bytes, however they are cut',
        params: z.object({ id: z.string() }),
        response: { 426: z.null() },
        answers: { 101: { description: 'The connection stands' }, 426: { description: 'Ask for a WebSocket' } }
      }
    },
    async (request, reply) => {
      const forward = await forwards.find(callerOf(request).user, request.params.id)
      const upgrade = findUpgrade(request.raw)
      if (upgrade === null)
        throw new Problem(426, 'this is a WebSocket', {
          hint: 'send Connection: Upgrade and Upgrade: websocket, and your key as for all requests'
        })
      const service = await openForwardStream(forward).catch((error: unknown) => {
        if (!(error instanceof UnavailableError)) throw error
        throw new Problem(503, error.message, { hint: error.hint ?? `see /v1/forwards/${forward.id}` })
      })
      reply.hijack()
      // The client went while the service was dialled.
      if (upgrade.socket.destroyed) return void service.destroy()
      takeUpgrade(upgrade, reply.raw)
      // Also when what was asked is no proper handshake.
      upgrade.socket.once('close', () => service.destroy())
      server.handleUpgrade(request.raw, upgrade.socket, upgrade.head, (client) => carry(client, service))
      return reply
    }
  )
}

/** Carries bytes both ways, at the pace of whoever reads, until one side is done; the close code says why. */
function carry(client: WebSocket, service: Duplex): void {
  let isThere = true
  const ping = setInterval(() => {
    // What a paused client answers is not read.
    if (client.isPaused) return
    if (!isThere) return client.terminate()
    isThere = false
    client.ping()
  }, pingMs)
  client.on('pong', () => {
    isThere = true
  })
  client.on('error', () => {})
  client.once('close', () => {
    clearInterval(ping)
    service.destroy()
  })
  client.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) return client.close(unsupportedData, 'send binary messages')
    if (!service.write(data)) client.pause()
  })
  service.on('drain', () => client.resume())
  sendAll(client, service).then(
    () => client.close(normalClosure, 'the service ended the connection'),
    () => client.close(serviceBroke, 'the connection to the service broke')
  )
}

async function sendAll(client: WebSocket, service: Duplex): Promise<void> {
  const send = promisify((chunk: Buffer, done: (error?: Error) => void) => client.send(chunk, { binary: true }, done))
  for await (const chunk of service as AsyncIterable<Buffer>) await send(chunk)
}
