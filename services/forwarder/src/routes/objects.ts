import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { trimObjectPath } from '@lautta/core/object-path'
import type { ObjectInfo } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findPlace, objectParams, targetParams } from '../object-place.ts'
import { pageQuery } from '../paginate.ts'
import { Problem } from '../problem.ts'

const tags = ['objects']
/** The caller's own objects: pipeline and experiment to read and write, submitter to read. */
export function objectRoutes(app: App, { store, management }: AppContext): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (_request: unknown, payload: Readable) => payload)

  const itemSchema = z.object({
    path: z.string(),
    hash: z.string(),
    'used-bytes': z.number(),
    date: z.string(),
    version: z.number().nullable()
  })
  app.get(
    '/objects/:target',
    {
      schema: {
        tags,
        summary: 'Objects of a bucket',
        params: targetParams,
        querystring: pageQuery.extend({ prefix: z.string().default('') }),
        response: { 200: z.object({ items: z.array(itemSchema), next: z.string().nullable() }) }
      }
    },
    async (request) => {
      const { prefix, limit, cursor } = request.query
      const after = cursor === undefined ? {} : { after: Buffer.from(cursor, 'base64url').toString('utf8') }
      const bucket = management.bucketOf(callerOf(request).user, request.params.target)
      const { objects, next } = await store.list(bucket, {
        prefix: trimObjectPath(prefix),
        limit,
        ...after
      })
      const items = await Promise.all(objects.map(async ({ path }) => store.head(bucket, path)))
      return {
        items: items.filter((info) => info !== null).map(describeObject),
        next: next === null ? null : Buffer.from(next).toString('base64url')
      }
    }
  )

  app.put(
    '/objects/:target/*',
    {
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        tags,
        summary: 'Stores an object, as a stream',
        consumes: ['application/octet-stream'],
        body: z.unknown().describe('the bytes'),
        params: objectParams,
        response: { 201: itemSchema }
      }
    },
    async (request, reply) => {
      const { bucket, path } = findPlace(management, callerOf(request), request.params, 'write')
      const mustBeNew = request.headers['if-none-match'] === '*'
      if (mustBeNew && (await store.head(bucket, path)) !== null) throw new Problem(412, `${path} is there already`)
      const md5 = request.headers['content-md5']
      const info = await putVersioned(store, bucket, path, request.body instanceof Readable ? request.body : new Uint8Array(), {
        contentType: request.headers['content-type'] ?? 'application/octet-stream',
        metadata: metadataIn(request.headers),
        ...(typeof md5 === 'string' ? { md5: Buffer.from(md5, 'base64').toString('hex') } : {})
      })
      reply.code(201).header('etag', `"${info.etag}"`)
      return describeObject(info)
    }
  )

  app.delete(
    '/objects/:target/*',
    { schema: { tags, summary: 'Removes an object', params: objectParams, response: { 204: z.null() } } },
    async (request, reply) => {
      const { bucket, path } = findPlace(management, callerOf(request), request.params, 'write')
      await store.delete(bucket, path)
      return reply.code(204).send(null)
    }
  )
}

function describeObject({ path, etag, usedBytes, modifiedAt, metadata: { version } }: ObjectInfo) {
  return { path, hash: etag, 'used-bytes': usedBytes, date: modifiedAt, version: version === undefined ? null : Number(version) }
}

function metadataIn(headers: IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).filter(
    ([name]) => name.startsWith('x-object-meta-') && name !== 'x-object-meta-version'
  )
  return Object.fromEntries(entries.map(([name, value]) => [name.slice('x-object-meta-'.length), String(value)]))
}
