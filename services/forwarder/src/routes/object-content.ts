import type { ObjectInfo } from '@lautta/object-store/object-store'
import type { FastifyReply } from 'fastify'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findPlace, objectParams } from '../object-place.ts'
import { parseRange } from '../parse-range.ts'
import { Problem } from '../problem.ts'

/** The bytes of the caller's objects. */
export function objectContentRoutes(app: App, { store, management }: AppContext): void {
  const schema = { tags: ['objects'], summary: 'The bytes of an object, or a range of them', params: objectParams }
  app.get('/objects/:target/*', { schema }, async (request, reply) => {
    const { bucket, path } = findPlace(management, callerOf(request), request.params, 'read')
    const head = await store.head(bucket, path)
    if (head === null) throw new Problem(404, `there is no object ${path}`)
    describe(reply, head)
    if (request.headers['if-none-match'] === `"${head.etag}"`) return reply.code(304).send()
    if (request.method === 'HEAD') return reply.header('content-length', head.usedBytes).send()
    const range = parseRange(request.headers.range, head.usedBytes)
    if (range === 'unsatisfiable') return reply.code(416).header('content-range', `bytes */${head.usedBytes}`).send()
    const found = await store.get(bucket, path, range ?? { first: 0 })
    if (found === null) throw new Problem(404, `there is no object ${path}`)
    if (range === null) return reply.header('content-length', head.usedBytes).send(found.content)
    reply.code(206).header('content-range', `bytes ${range.first}-${range.last}/${head.usedBytes}`)
    return reply.header('content-length', range.last - range.first + 1).send(found.content)
  })
}

function describe(reply: FastifyReply, info: ObjectInfo): void {
  reply.type(info.contentType).header('etag', `"${info.etag}"`).header('last-modified', new Date(info.modifiedAt).toUTCString())
  // A user's own bytes: never a page of this origin.
  reply.header('accept-ranges', 'bytes').header('x-content-type-options', 'nosniff').header('content-security-policy', 'sandbox')
  for (const [name, value] of Object.entries(info.metadata)) reply.header(`x-object-meta-${name}`, value)
}
