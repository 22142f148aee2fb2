import type { ObjectInfo } from '@lautta/object-store/object-store'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findContent, findObject, isKnown, lastModified } from '../find-content.ts'
import { metadataHeaders } from '../object-metadata.ts'
import { findPlace, objectParams } from '../object-place.ts'
import { signatureQuery } from '../object-signatures.ts'
import { Problem } from '../problem.ts'
import { sendContent } from '../send-content.ts'

const given = (words: string) => z.string().optional().describe(words)
const conditions = z.looseObject({
  'if-none-match': given('an ETag: 304 when the object has it'),
  'if-modified-since': given('304 when it has not been since'),
  'if-match': given('an ETag: 412 when the object has another')
})
const ranges = conditions.extend({
  range: given('bytes=<first>-<last>, bytes=<first>- or bytes=-<how many>; several ranges are answered with the whole'),
  'if-range': given('an ETag or time: the whole when the object has another')
})
const headers = {
  etag: { type: 'string', description: 'the hash, in quotes' },
  'last-modified': { type: 'string' },
  'content-length': { type: 'integer' },
  'x-object-meta-{name}': { type: 'string', description: 'metadata in UTF-8; version counts how often it was written' }
}
const bytes = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
const otherwise = {
  304: { description: 'The client has it already', type: 'null' },
  404: { description: 'There is no such object' },
  412: { description: 'It has another ETag, or is younger' }
}

/** The bytes of the caller's objects. */
export function objectContentRoutes(app: App, { store, management }: AppContext): void {
  const schema = {
    tags: ['objects'],
    security: [{ key: [] }, { signature: [] }],
    params: objectParams,
    querystring: signatureQuery
  }
  app.head(
    '/objects/:target/*',
    {
      schema: {
        ...schema,
        summary: 'The headers of an object',
        headers: conditions,
        answers: { 200: { description: 'It is there', type: 'null', headers }, ...otherwise }
      }
    },
    async (request, reply) => {
      const info = await findObject(store, findPlace(management, callerOf(request), request.params, 'read'))
      const known = isKnown(request.headers, info)
      writeHeaders(reply, info)
      return known ? reply.code(304).send() : reply.header('content-length', info.usedBytes).send()
    }
  )

  app.get(
    '/objects/:target/*',
    {
      exposeHeadRoute: false,
      schema: {
        ...schema,
        summary: 'The bytes of an object, or a range of them',
        headers: ranges,
        answers: {
          200: { description: 'The object', content: bytes, headers },
          206: { description: 'The range', content: bytes, headers: { ...headers, 'content-range': { type: 'string' } } },
          416: { description: 'It ends before the range' },
          ...otherwise
        }
      }
    },
    async (request, reply) => {
      const place = findPlace(management, callerOf(request), request.params, 'read')
      const found = await findContent(store, place, request.headers)
      const { info } = found
      if (found.kind === 'too short') {
        reply.header('content-range', `bytes */${info.usedBytes}`)
        throw new Problem(416, `${info.path} has ${info.usedBytes} bytes`)
      }
      writeHeaders(reply, info)
      if (found.kind === 'known') return reply.code(304).send()
      if (found.kind === 'whole') return sendContent(request, reply, found.content, info.usedBytes)
      const { first, last } = found.part
      reply.code(206).header('content-range', `bytes ${first}-${last}/${info.usedBytes}`)
      return sendContent(request, reply, found.content, last - first + 1)
    }
  )
}

function writeHeaders(reply: FastifyReply, info: ObjectInfo): FastifyReply {
  reply.type(info.contentType).header('etag', `"${info.etag}"`).header('last-modified', lastModified(info))
  // Whoever keeps it has to ask whether it is still the same, and for whom it may be.
  reply.header('accept-ranges', 'bytes').header('cache-control', 'private, no-cache')
  // A user's own bytes: never a page of this origin.
  reply.header('x-content-type-options', 'nosniff').header('content-security-policy', 'sandbox')
  return reply.headers(metadataHeaders(info.metadata))
}
