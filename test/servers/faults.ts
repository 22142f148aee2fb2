import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request as open, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { finished, pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'

/** One request to a proxy, and the server behind it. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly target: { readonly host: string; readonly port: number }
}

/** What a proxy makes of a request; when it fails, the connection is reset. */
export type Treatment = (exchange: Exchange) => Promise<void>

/** What is done at the moment of a request. `send` has the server get it: late, when its sender has gone, or never. */
export type Strike = (send: () => Promise<void>) => Promise<void>

/** As if there were no proxy. */
export const forward: Treatment = async (exchange) => {
  const answer = await askServer(exchange)
  begin(exchange.response, answer)
  await pipeline(answer, exchange.response)
}

/** The server gets the request late. */
export function late(ms: number): Treatment {
  return async (exchange) => {
    await pause(ms)
    await forward(exchange)
  }
}

/** The server never gets the request, and its sender never an answer. */
export const silence: Treatment = async ({ request }) => {
  await arrival(request)
}

/** The server never gets the request. */
export function refusal(status: number, headers: Readonly<Record<string, string>>): Treatment {
  return async ({ request, response }) => {
    await arrival(request)
    response.writeHead(status, headers).end()
  }
}

/** The connection breaks before the server gets the request. */
export const breakBefore: Treatment = async ({ request }) => {
  await arrival(request)
  reset(request)
}

/** The connection breaks on both sides when the server has got so much of the body, or all of it. */
export function breakDuring(bytes: number): Treatment {
  return async (exchange) => {
    const forwarded = openRequest(exchange)
    // It ends by our own hand.
    forwarded.on('error', () => {})
    for await (const part of firstBytes(exchange.request, bytes)) {
      await new Promise((sent) => forwarded.write(part, sent))
    }
    forwarded.destroy()
    reset(exchange.request)
  }
}

/** The server has done what it was asked for, but nobody learns of it. */
export const breakAfter: Treatment = async (exchange) => {
  await arrival(await askServer(exchange))
  reset(exchange.request)
}

/** The answer promises all of its body and ends after so much of it. */
export function truncation(bytes: number): Treatment {
  return async (exchange) => {
    const { response } = exchange
    const answer = await askServer(exchange)
    begin(response, answer)
    response.flushHeaders()
    for await (const part of firstBytes(answer, bytes)) {
      await new Promise((sent) => response.write(part, sent))
    }
    answer.destroy()
    response.socket?.destroySoon()
  }
}

/** All of the request is taken first, and judged by what it says: so it can be sent when its sender has long gone. */
export function holdWhole(choose: (body: string) => Strike | undefined): Treatment {
  return async (exchange) => {
    const { request, response } = exchange
    const body = await buffer(request)
    let answer: { head: IncomingMessage; content: Buffer } | undefined
    const send = async () => {
      const [head] = await once(openRequest(exchange).end(body), 'response')
      answer = { head, content: await buffer(head) }
    }
    const strike = choose(body.toString()) ?? ((sendAtOnce) => sendAtOnce())
    await strike(send)
    if (answer === undefined) return reset(request)
    begin(response, answer.head)
    response.end(answer.content)
  }
}

/** One bit of the answer's body is wrong. */
export const corruption: Treatment = async (exchange) => {
  const answer = await askServer(exchange)
  begin(exchange.response, answer)
  await pipeline(answer, flipFirstBit, exchange.response)
}

/** Unlike the end of a connection, nobody can take this for the end of a message. */
export function reset({ socket }: IncomingMessage): void {
  socket.resetAndDestroy()
}

async function* flipFirstBit(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true
  for await (const chunk of body) {
    if (isFirst) chunk.writeUInt8(chunk.readUInt8() ^ 1)
    isFirst = false
    yield chunk
  }
}

async function* firstBytes(body: IncomingMessage, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    const part = (chunk as Buffer).subarray(0, left)
    left -= part.length
    yield part
    if (left === 0) return
  }
}

async function arrival(message: IncomingMessage): Promise<void> {
  message.resume()
  await finished(message)
}

async function askServer(exchange: Exchange): Promise<IncomingMessage> {
  const { request } = exchange
  if (request.destroyed) throw new Error('whoever asked has gone')
  const forwarded = openRequest(exchange)
  request.pipe(forwarded)
  // A server may answer and hang up before it has all of the body; the sender learns of it from the answer.
  forwarded.on('error', () => {}).on('close', () => request.resume())
  request.on('close', () => request.complete || forwarded.destroy())
  const [answer] = await once(forwarded, 'response')
  return answer
}

// A connection for each request, because the server could close one that is kept just when the next request comes.
function openRequest({ request, target }: Exchange): ClientRequest {
  const { method, url: path, rawHeaders } = request
  return open({ ...target, method, path, headers: endToEnd(rawHeaders), agent: false })
}

function begin(response: ServerResponse, answer: IncomingMessage): void {
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders))
}

// As they were sent, with Host, because it may be signed; but each connection is a matter of its own two ends.
function endToEnd(rawHeaders: readonly string[]): string[] {
  const names = rawHeaders.filter((_, index) => index % 2 === 0)
  return names.flatMap((name, index) => (/^(connection|keep-alive)$/i.test(name) ? [] : [name, rawHeaders[2 * index + 1] ?? '']))
}
