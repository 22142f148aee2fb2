import type { z } from 'zod'
import { encodePath, encodeStrictly } from '../http/encode-path.ts'
import type { HttpClient, StoreAnswer, StoreRequest } from '../http/http-client.ts'
import { failureOf, parseFailure, readFailure, type S3Failure } from './failures.ts'
import { readXml } from './read-xml.ts'
import type { Signer, Unsigned } from './signer.ts'

/** A request about all buckets, one of them, or an object there. */
interface S3Request extends Pick<StoreRequest, 'method' | 'headers' | 'signal' | 'harmlessTwice' | 'isForReader'> {
  bucket?: string
  path?: string
  query?: Readonly<Record<string, string>>
  body?: Uint8Array
}

/** An answer that is a document. */
interface S3Document<Content> {
  document: Content
  headers: StoreAnswer['headers']
}

/** The conversation with an S3 service. What it does not do, and says why, is thrown. */
export interface S3Client {
  /** Named in errors. */
  readonly name: string
  send(request: S3Request): Promise<StoreAnswer>
  /** Null: it fails with one of these codes. */
  sendUnless(codes: readonly string[], request: S3Request): Promise<StoreAnswer | null>
  /** Sends a request again whose answer breaks off. */
  readUnless<Content>(codes: readonly string[], request: S3Request, form: z.ZodType<Content>): Promise<S3Document<Content> | null>
  /** An address with which anybody can send the request for a while. */
  presign(request: S3Request, seconds: number): Promise<string>
}

export interface S3ClientOptions {
  name: string
  endpoint: string
  http: HttpClient
  signer: Signer
}

// What was damaged on the way, came too slowly or met another change may fare better the next time.
const passing = new Set(['BadDigest', 'XAmzContentSHA256Mismatch', 'IncompleteBody', 'RequestTimeout', 'OperationAborted'])
const triesOfRequest = 3

/** Opens an S3 service whose buckets are named in paths. */
export function createS3Client({ name, endpoint, http, signer }: S3ClientOptions): S3Client {
  const describe = ({ method, bucket = '', path, query = {}, headers = {} }: S3Request): Unsigned => {
    const parts = path === undefined ? [bucket] : [bucket, path]
    return { method, address: new URL([endpoint.replace(/\/+$/, ''), ...parts.map(encodePath)].join('/')), query, headers }
  }
  const sendSigned = async (request: S3Request): Promise<StoreAnswer> => {
    const { bucket: _, path: __, query: ___, ...rest } = request
    const unsigned = describe(request)
    return http.send({ ...rest, url: withQuery(unsigned), headers: await signer.sign(unsigned, request.body) })
  }

  /** An answer to HEAD has no words; the same question by GET is answered with some. */
  const explainHead = async (request: S3Request, { status, headers }: StoreAnswer): Promise<S3Failure> => {
    if (status === 404 && 'x-amz-request-id' in headers) return { status, code: 'NoSuchKey', words: '' }
    const answer = await sendSigned({ ...request, method: 'GET', headers: { range: 'bytes=0-0' } })
    return readFailure({ ...answer, status })
  }

  const tryToSend = async (request: S3Request): Promise<{ answer: StoreAnswer } | { failure: S3Failure }> => {
    for (let left = triesOfRequest - 1; ; left--) {
      const answer = await sendSigned(request)
      if (answer.status >= 200 && answer.status < 300) return { answer }
      const isSilent = request.method === 'HEAD' && answer.status < 500
      const failure = isSilent ? await explainHead(request, answer) : await readFailure(answer)
      if (left === 0 || !passing.has(failure.code)) return { failure }
    }
  }

  const sendUnless: S3Client['sendUnless'] = async (codes, request) => {
    const sent = await tryToSend(request)
    if ('answer' in sent) return sent.answer
    if (codes.includes(sent.failure.code)) return null
    throw failureOf(name, nameOf(request), sent.failure)
  }

  return {
    name,
    async send(request) {
      const sent = await tryToSend(request)
      if ('answer' in sent) return sent.answer
      throw failureOf(name, nameOf(request), sent.failure)
    },
    sendUnless,
    async readUnless(codes, request, form) {
      for (let left = triesOfRequest - 1; ; left--) {
        const answer = await sendUnless(codes, request)
        if (answer === null) return null
        const text = await answer.body.text().catch(() => '')
        const document = readXml(text, form)
        if (document !== null) return { document, headers: answer.headers }
        if (left === 0) throw failureOf(name, nameOf(request), parseFailure(answer.status, text))
      }
    },
    async presign(request, seconds) {
      const unsigned = describe(request)
      return withQuery({ ...unsigned, query: await signer.presign(unsigned, seconds) }).href
    }
  }
}

function withQuery({ address, query }: Unsigned): URL {
  const url = new URL(address)
  url.search = Object.entries(query)
    .map((pair) => pair.map(encodeStrictly).join('='))
    .join('&')
  return url
}

function nameOf({ method, bucket, path }: S3Request): string {
  return [method, [bucket, path].filter((part) => part !== undefined).join('/')].join(' ').trim()
}
