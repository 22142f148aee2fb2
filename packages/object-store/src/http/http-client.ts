import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { type LauttaError, messageOf, RefusedError, StorageError } from '@lautta/core/errors'
import { Agent, type Dispatcher } from 'undici'
import { limitWait } from './limit-wait.ts'

/** A request to a store over HTTP. */
export interface StoreRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  url: URL
  headers?: Readonly<Record<string, string>>
  body?: Uint8Array | Readable
  signal?: AbortSignal | undefined
  /** Of a POST: sent twice it does no harm. */
  harmlessTwice?: boolean
  /** The answer's body is content, read by somebody else at a pace of their own. */
  isForReader?: boolean
}

/** What a store answered, whatever its status. The body is read to its end, or destroyed. */
export interface StoreAnswer {
  status: number
  headers: Readonly<Record<string, string>>
  body: Dispatcher.ResponseData['body']
}

export interface HttpClientOptions {
  /** Named in errors, as a person would call it: "Swift at https://a3s.fi". */
  name: string
  /** At once, to one host. */
  connections?: number
  /** Beside these, for bodies that move at the pace of somebody else: who is slow makes nobody else wait. */
  streams?: number
  /** For a connection, between the request and the head of its answer, and between two parts of a body. */
  silenceMs?: number
  /** How often a request is sent at most, for how long after the first time, and the bounds of the pauses between. */
  tries?: number
  patienceMs?: number
  firstPauseMs?: number
  longestPauseMs?: number
}

/** Sends requests; each store makes one of its own. */
export interface HttpClient {
  send(request: StoreRequest): Promise<StoreAnswer>
  close(): Promise<void>
}

const passing = new Set([429, 498, 500, 502, 503, 504])
const hopeless = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED'])
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])
// Of a body in one piece, undici would take all the time that its sending takes for silence.
const pieceBytes = 256 * 1024

/**
 * HTTP with time limits and with patience: what passes (429, 5xx, resets, silence) is tried again after a growing, random
 * pause, when that can do no harm. A PUT from memory sends the same bytes to the same name; a stream can not be read
 * twice; a POST is repeated only when it surely never arrived, or is harmless twice.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { name, connections = 32, streams = 256, silenceMs = 20_000, tries = 5, patienceMs = 15_000 } = options
  const { firstPauseMs = 200, longestPauseMs = 5000 } = options
  const limits = { connect: { timeout: 10_000 }, headersTimeout: silenceMs, bodyTimeout: silenceMs }
  const agents = { ordinary: new Agent({ ...limits, connections }), streaming: new Agent({ ...limits, connections: streams }) }
  const ordinary = agents.ordinary.compose(limitWait(silenceMs))
  const streaming = agents.streaming.compose(limitWait(silenceMs))

  const sendOnce = async ({ url, method, headers = {}, body, signal, isForReader }: StoreRequest): Promise<StoreAnswer> => {
    const isLong = body instanceof Uint8Array && body.length > pieceBytes
    const agent = isForReader || body instanceof Readable ? streaming : ordinary
    const answer = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: isLong ? { ...headers, 'content-length': String(body.length) } : headers,
      body: isLong ? Readable.from(inPieces(body), { objectMode: false }) : (body ?? null),
      signal,
      // undici would close the connection after each HEAD, for the sake of servers that send a body with its answer.
      reset: false
    })
    return { status: answer.statusCode, headers: joinHeaders(answer.headers), body: answer.body }
  }

  return {
    async send(request) {
      const untilMs = performance.now() + patienceMs
      for (let pauseMs = firstPauseMs, left = tries - 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs), left--) {
        const mayRepeat = () => left > 0 && performance.now() < untilMs && !request.signal?.aborted
        let leastPauseMs = 0
        try {
          const answer = await sendOnce(request)
          if (!passing.has(answer.status) || !isRepeatable(request) || !mayRepeat()) return answer
          leastPauseMs = retryAfterMs(answer, longestPauseMs)
          await answer.body.dump()
        } catch (cause) {
          if (hopeless.has(codeOf(cause)) || !mayRepeat() || !(isRepeatable(request) || isUnsent(request, cause)))
            throw failureOf(name, cause)
        }
        await pause(Math.max(leastPauseMs, pauseMs * (0.5 + Math.random())), undefined, { signal: request.signal }).catch(
          (cause: unknown) => {
            throw failureOf(name, cause)
          }
        )
      }
    },
    // Not close(): it waits for bodies that nobody reads any more.
    async close() {
      await Promise.all([agents.ordinary.destroy(), agents.streaming.destroy()])
    }
  }
}

function* inPieces(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += pieceBytes) yield body.subarray(at, at + pieceBytes)
}

function isRepeatable({ method, body, harmlessTwice = method !== 'POST' }: StoreRequest): boolean {
  return harmlessTwice && !(body instanceof Readable)
}

function isUnsent({ body }: StoreRequest, cause: unknown): boolean {
  return !(body instanceof Readable) && neverSent.has(codeOf(cause))
}

function failureOf(name: string, cause: unknown): LauttaError {
  const words = wordsOf(cause)
  // Such as a header that can not be sent.
  if (codeOf(cause) === 'UND_ERR_INVALID_ARG') return new RefusedError(`${name} can not be asked for this: ${words}`, { cause })
  return new StorageError(`${name} does not answer: ${words}`, { cause })
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : ''
}

// Of a host with several addresses Node tells one error for all, without words of its own.
function wordsOf(cause: unknown): string {
  return messageOf(cause) || codeOf(cause)
}

function joinHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')])
  )
}

function retryAfterMs({ headers }: StoreAnswer, mostMs: number): number {
  const seconds = Number(headers['retry-after'] ?? 0)
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, mostMs) : 0
}
