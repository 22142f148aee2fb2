import type { ServerResponse } from 'node:http'
import type { App } from './app-context.ts'

/** Whose client waits for a word, and whether its connection was to be kept. */
const waiting = new WeakMap<ServerResponse, boolean>()

/**
 * Lets uploads be refused before they are sent: `100 Continue` is left to `sendContinue`. Of a client that gets another
 * answer nobody knows whether its body follows, so that its connection is closed.
 */
export function continueLate(app: App): void {
  app.server.on('checkContinue', (request, response) => {
    if (request.method === 'PUT' && request.url?.startsWith('/v1/objects/')) {
      waiting.set(response, response.shouldKeepAlive)
      response.shouldKeepAlive = false
    } else response.writeContinue()
    app.routing(request, response)
  })
}

/** Tells the client that its body is wanted, if it asked. */
export function sendContinue(response: ServerResponse): void {
  const wasKept = waiting.get(response)
  if (wasKept === undefined) return
  response.shouldKeepAlive = wasKept
  response.writeContinue()
}
