import { Readable } from 'node:stream'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { sendContinue } from '../continue-late.ts'
import { describeObject, objectItemSchema } from '../object-item.ts'
import { findPlace, objectParams } from '../object-place.ts'
import { signatureQuery } from '../object-signatures.ts'

const given = (words: string) => z.string().optional().describe(words)

/** Uploads of the caller's objects, as streams. */
export function objectUploadRoutes(app: App, { management, objectWriter }: AppContext): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (_request: unknown, payload: Readable) => payload)

  app.put(
    '/objects/:target/*',
    {
      schema: {
        tags: ['objects'],
        summary: 'Stores an object, as a stream',
        description:
          'The object is there as a whole or not at all: an upload that breaks off, differs from its checksum or fails a ' +
          'condition leaves what was there. Conditions are held against others that upload through Lautta with one.',
        security: [{ key: [] }, { signature: [] }],
        consumes: ['application/octet-stream'],
        body: z.unknown().describe('the bytes'),
        params: objectParams,
        querystring: signatureQuery,
        headers: z.looseObject({
          'content-type': given('kept'),
          'content-md5': given('MD5 in Base64; another one of what arrives is answered with 400'),
          'content-digest': given('likewise sha-256=:<Base64>: or md5=:<Base64>: (RFC 9530)'),
          'repr-digest': given('likewise'),
          'x-checksum-sha256': given('likewise SHA-256 in hexadecimal digits'),
          'if-none-match': given('* : only where nothing is yet, else 412'),
          'if-match': given('only when the object that is there has this ETag, else 412'),
          'x-object-meta-{name}': given('kept; UTF-8, at most 2,048 bytes together; version is counted by Lautta')
        }),
        response: { 201: objectItemSchema },
        answers: {
          201: { description: 'It is stored', headers: { etag: { type: 'string', description: 'the hash, in quotes' } } },
          400: { description: 'A checksum differs, the upload broke off, or a header can not be read: nothing was stored' },
          403: { description: 'Only Lautta writes there, or the URL is not signed for this' },
          412: { description: 'The condition does not hold: what was there is unchanged' },
          413: { description: 'The object store has no room' }
        }
      }
    },
    async (request, reply) => {
      const place = findPlace(management, callerOf(request), request.params, 'write')
      // Nobody parses a body that is empty.
      const source = request.body instanceof Readable ? request.body : Readable.from([])
      const info = await objectWriter.put(place, request.headers, source, () => sendContinue(reply.raw))
      reply.code(201).header('etag', `"${info.etag}"`)
      return describeObject(info)
    }
  )
}
