import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Dispatcher } from 'undici'

/** Where a request is carried. */
interface PassedTo {
  dispatcher: Dispatcher
  headers: Record<string, string | string[]>
  /** As the request has it when absent. */
  path?: string
}

/** Carries a request to the service and its answer back, both as they come, the answer's headers as `toHeaders` says. */
export async function passRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { dispatcher, headers, path = request.url ?? '/' }: PassedTo,
  toHeaders: (answered: IncomingHttpHeaders) => OutgoingHttpHeaders
): Promise<void> {
  const leaving = new AbortController()
  response.once('close', () => leaving.abort())
  const answer = await dispatcher.request({
    origin: 'http://forward',
    path,
    method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
    headers,
    body: hasBody(request) ? request : null,
    signal: leaving.signal
  })
  response.writeHead(answer.statusCode, toHeaders(answer.headers))
  await pipeline(answer.body, response)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
