import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Dispatcher } from 'undici'
import { answerHeaders } from './page-headers.ts'

/** Where a request is carried. */
interface PassedTo {
  dispatcher: Dispatcher
  headers: Record<string, string | string[]>
  /** As the request has it when absent. */
  path?: string
}

/** Carries a request to the service and its answer back, both as they come; `changeHeaders` has the last word on that one's. */
export async function passRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { dispatcher, headers, path = request.url ?? '/' }: PassedTo,
  changeHeaders: (answered: OutgoingHttpHeaders) => OutgoingHttpHeaders = (answered) => answered
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
  response.writeHead(answer.statusCode, changeHeaders(answerHeaders(answer.headers)))
  await pipeline(answer.body, response)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
