import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Dispatcher } from 'undici'
import { answerHeaders, requestHeaders } from './page-headers.ts'

/** Carries a request to the service and its answer back, both as they come. */
export async function passRequest(
  request: IncomingMessage,
  response: ServerResponse,
  dispatcher: Dispatcher,
  token: string | null
): Promise<void> {
  const leaving = new AbortController()
  response.once('close', () => leaving.abort())
  const answer = await dispatcher.request({
    origin: 'http://forward',
    path: request.url ?? '/',
    method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
    headers: requestHeaders(request.headers, token),
    body: hasBody(request) ? request : null,
    signal: leaving.signal
  })
  response.writeHead(answer.statusCode, answerHeaders(answer.headers))
  await pipeline(answer.body, response)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
