import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { bucketTargets } from '@lautta/core/buckets'
import { complaintAboutPath } from '@lautta/core/object-path'
import type { ObjectInfo } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { parseRange } from '../parse-range.ts'
import { pageQuery } from '../paginate.ts'
import { Problem } from '../problem.ts'

const tags = ['objects']
const mine = ['pipeline', 'experiment', 'submitter'] as const
const writable: readonly string[] = ['pipeline', 'experiment']
const targetParams = z.object({ target: z.enum(mine) })
const objectParams = targetParams.extend({ '*': z.string() })

/** The caller's own buckets: pipeline and experiment to read and write, submitter to read. */
export function objectRoutes(app: App, { store, management }: AppContext): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (_request: unknown, payload: Readable) => payload)

  const place = (user: string, { target, '*': path }: z.output<typeof objectParams>, forWriting = false) => {
    if (!bucketTargets.includes(target)) throw new Problem(404, `there is no bucket ${target}`)
    if (forWriting && !writable.includes(target))
      throw new Problem(403, `${target} is written by Lautta itself`, { hint: `write to ${writable.join(' or ')}` })
    const complaint = complaintAboutPath(path)
    if (complaint !== null) throw new Problem(400, complaint, { errors: [{ path: 'path', message: complaint }] })
    return { bucket: management.bucketOf(user, target), path }
  }

  const itemSchema = z.object({ path: z.string(), hash: z.string(), 'used-bytes': z.number(), date: z.string() })
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
      const { objects, next } = await store.list(management.bucketOf(callerOf(request).user, request.params.target), {
        prefix,
        limit,
        ...after
      })
      const items = objects.map(({ path, etag, usedBytes, modifiedAt }) => ({
        path,
        hash: etag,
        'used-bytes': usedBytes,
        date: modifiedAt
      }))
      return { items, next: next === null ? null : Buffer.from(next).toString('base64url') }
    }
  )

  app.put(
    '/objects/:target/*',
    {
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        tags,
        summary: 'Stores an object, as a stream',
        params: objectParams,
        response: { 201: itemSchema }
      }
    },
    async (request, reply) => {
      const { bucket, path } = place(callerOf(request).user, request.params, true)
      if (request.headers['if-none-match'] === '*' && (await store.head(bucket, path)) !== null)
        throw new Problem(412, `${path} is there already`)
      const md5 = request.headers['content-md5']
      const info = await putVersioned(store, bucket, path, request.body instanceof Readable ? request.body : new Uint8Array(), {
        contentType: request.headers['content-type'] ?? 'application/octet-stream',
        metadata: metadataIn(request.headers),
        ...(typeof md5 === 'string' ? { md5: Buffer.from(md5, 'base64').toString('hex') } : {})
      })
      reply.code(201).header('etag', `"${info.etag}"`)
      return { path: info.path, hash: info.etag, 'used-bytes': info.usedBytes, date: info.modifiedAt }
    }
  )

  app.get(
    '/objects/:target/*',
    { schema: { tags, summary: 'The bytes of an object, or a range of them', params: objectParams } },
    async (request, reply) => {
      const { bucket, path } = place(callerOf(request).user, request.params)
      const head = await store.head(bucket, path)
      if (head === null) throw new Problem(404, `there is no object ${path}`)
      describe(reply, head)
      if (request.headers['if-none-match'] === `"${head.etag}"`) return reply.code(304).send()
      if (request.method === 'HEAD') return reply.header('content-length', head.usedBytes).send()
      const range = parseRange(request.headers.range, head.usedBytes)
      if (range === 'unsatisfiable') {
        return reply.code(416).header('content-range', `bytes */${head.usedBytes}`).send()
      }
      const found = await store.get(bucket, path, range ?? { first: 0 })
      if (found === null) throw new Problem(404, `there is no object ${path}`)
      if (range !== null) reply.code(206).header('content-range', `bytes ${range.first}-${range.last}/${head.usedBytes}`)
      return reply.header('content-length', range === null ? head.usedBytes : range.last - range.first + 1).send(found.content)
    }
  )

  app.delete(
    '/objects/:target/*',
    { schema: { tags, summary: 'Removes an object', params: objectParams, response: { 204: z.null() } } },
    async (request, reply) => {
      const { bucket, path } = place(callerOf(request).user, request.params, true)
      await store.delete(bucket, path)
      return reply.code(204).send(null)
    }
  )
}

function describe(reply: FastifyReply, info: ObjectInfo): void {
  reply.type(info.contentType).header('etag', `"${info.etag}"`).header('last-modified', new Date(info.modifiedAt).toUTCString())
  // A user's own bytes: never a page of this origin.
  reply.header('accept-ranges', 'bytes').header('x-content-type-options', 'nosniff').header('content-security-policy', 'sandbox')
  for (const [name, value] of Object.entries(info.metadata)) reply.header(`x-object-meta-${name}`, value)
}

function metadataIn(headers: IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).filter(
    ([name]) => name.startsWith('x-object-meta-') && name !== 'x-object-meta-version'
  )
  return Object.fromEntries(entries.map(([name, value]) => [name.slice('x-object-meta-'.length), String(value)]))
}
