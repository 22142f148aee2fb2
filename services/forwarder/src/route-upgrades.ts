import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { App } from './app-context.ts'

/** A connection that its client wants to use for another protocol. */
export interface Upgrade {
  socket: Duplex
  /** What came behind the request. */
  head: Buffer
}

const waiting = new WeakMap<IncomingMessage, Upgrade>()

/**
 * Requests for WebSockets go the way of all others, through authentication to a route: whatever is answered before the
 * route takes the connection is answered in HTTP, and ends it.
 */
export function routeUpgrades(app: App): void {
  app.server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {})
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    try {
      response.assignSocket(socket as Socket)
    } catch {
      // An earlier answer is still being made on this connection: who does not wait for it gets none.
      return void socket.destroy()
    }
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      response.detachSocket(socket as Socket)
      return declineUpgrade(app, request, { socket, head })
    }
    waiting.set(request, { socket, head })
    response.once('finish', () => {
      response.detachSocket(socket as Socket)
      socket.end(() => socket.destroy())
    })
    app.routing(request, response)
  })
}

/** The connection of a request that asks for it as HTTP wants it to be asked; null when it does not. */
export function findUpgrade(request: IncomingMessage): Upgrade | null {
  return waiting.get(request) ?? null
}

/** Takes the connection: nothing is answered in HTTP any more. */
export function takeUpgrade({ socket }: Upgrade, response: ServerResponse): void {
  response.detachSocket(socket as Socket)
}

/** Some clients offer HTTP/2 beside each request (`h2c`): the request is read once more, without the offer. */
function declineUpgrade(app: App, request: IncomingMessage, { socket, head }: Upgrade): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`]
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at] ?? ''
    if (!/^(?:upgrade|connection|http2-settings)$/i.test(name)) lines.push(`${name}: ${request.rawHeaders[at + 1]}`)
  }
  const again = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  socket.unshift(Buffer.concat([again, head]))
  app.server.emit('connection', socket)
}
