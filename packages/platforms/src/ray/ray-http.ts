import { Readable } from 'node:stream'
import { CredentialsError, LauttaError, messageOf, UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'
import { isRayToken } from '@lautta/core/ray/ray-token'
import { Agent, type Dispatcher } from 'undici'
import { readBytes } from '../read-bytes.ts'
import { connectionError } from '../ssh/connection-step.ts'
import { refusalOf } from './ray-refusal.ts'

/** Where a Ray cluster is, and what opens it. */
export interface RayAccess {
  /** Named in errors, as a person would call it: "the Ray cluster local-1". */
  name: string
  /** `http://…` of its dashboard. */
  dashboard: string
  /** Its token, asked for at each use; null where it asks for none. */
  findToken(): Promise<string | null>
  /** What a person does about a token that is missing or wrong; null: it is surely the cluster's own. */
  tokenHint: string | null
  /** How the dashboard is reached, where it is not from here. */
  dispatcher?: Dispatcher
}

interface RayRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Its query too, encoded. */
  path: string
  /** An object goes as JSON. */
  body?: Uint8Array | object
}

/** What Ray answered: it was done, or (404) what it is about is not there. */
interface RayAnswer {
  status: number
  text: string
}

/** Requests to one dashboard. What Ray refuses is thrown, in its own words. */
export interface RayHttp {
  ask(request: RayRequest): Promise<RayAnswer>
  /** Bytes as they come, or Ray's words when it has none. Its cluster must be one that answers. */
  stream(path: string): Promise<Readable | { refused: string }>
  close(): Promise<void>
}

const connectMs = 10_000
const silenceMs = 30_000
const connections = 8
// What Ray tells of one cluster's Ray jobs: each has its command, of up to 128 KiB.
const mostAnswerBytes = 256 * 1024 * 1024
// Of a body in one piece, undici would take all the time that its sending takes for silence.
const pieceBytes = 256 * 1024

const unknownNames = new Set(['ENOTFOUND', 'EAI_AGAIN'])
const neverSent = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

/** A dashboard over HTTP, with a bearer token and time limits. Nothing is sent twice. */
export function createRayHttp({ name, dashboard, findToken, tokenHint, dispatcher }: RayAccess): RayHttp {
  const agent = dispatcher ?? new Agent({ connect: { timeout: connectMs }, connections })
  const base = new URL(dashboard.endsWith('/') ? dashboard : `${dashboard}/`)

  const send = async ({ method, path, body }: RayRequest): Promise<Dispatcher.ResponseData> => {
    const token = await findToken()
    if (token !== null && !isRayToken(token))
      throw connectionError('login', new CredentialsError(`the token of ${name} is none: it is empty, or has blanks in it`))
    const url = new URL(path.replace(/^\//, ''), base)
    try {
      return await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...headersOf(body)
        },
        body: body === undefined ? null : body instanceof Uint8Array ? inPieces(body) : JSON.stringify(body),
        headersTimeout: silenceMs,
        bodyTimeout: silenceMs
      })
    } catch (cause) {
      throw explain(cause, method)
    }
  }

  const explain = (cause: unknown, method: RayRequest['method']): LauttaError => {
    if (cause instanceof LauttaError) return cause
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    const words = `${name} does not answer: ${messageOf(cause) || code}`
    if (unknownNames.has(code)) return connectionError('name', new UnavailableError(words, { cause }))
    if (neverSent.has(code)) return connectionError('tcp', new UnavailableError(words, { cause }))
    return method === 'POST' ? new UnknownOutcomeError(words, { cause }) : new UnavailableError(words, { cause })
  }

  const readText = async (answer: Dispatcher.ResponseData, method: RayRequest['method']): Promise<string> => {
    try {
      return (await readBytes(answer.body, mostAnswerBytes)).toString('utf8')
    } catch (cause) {
      throw explain(cause, method)
    }
  }

  return {
    async ask(request) {
      const answer = await send(request)
      const text = await readText(answer, request.method)
      const status = answer.statusCode
      if ((status >= 200 && status < 300) || status === 404) return { status, text }
      throw refusalOf({ name, tokenHint, method: request.method, status, text })
    },
    async stream(path) {
      const answer = await send({ method: 'GET', path })
      if (answer.statusCode === 200) return answer.body
      const text = await readText(answer, 'GET')
      if (answer.statusCode === 500) return { refused: text }
      throw refusalOf({ name, tokenHint, method: 'GET', status: answer.statusCode, text })
    },
    async close() {
      if (dispatcher === undefined) await agent.destroy()
    }
  }
}

function headersOf(body: RayRequest['body']): Record<string, string> {
  if (body === undefined) return {}
  return body instanceof Uint8Array
    ? { 'content-type': 'application/octet-stream', 'content-length': String(body.length) }
    : { 'content-type': 'application/json' }
}

function inPieces(body: Uint8Array): Readable {
  const pieces = function* () {
    for (let at = 0; at < body.length; at += pieceBytes) yield body.subarray(at, at + pieceBytes)
  }
  return Readable.from(pieces(), { objectMode: false })
}
