import type { ObjectInfo } from '@lautta/object-store/object-store'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findPlace, objectParams } from '../object-place.ts'
import { parseRange } from '../parse-range.ts'
import { Problem } from '../problem.ts'

/** The bytes of the caller's objects. */
export function objectContentRoutes(app: App, { store, management }: AppContext): void {
  const schema = { tags: ['objects'], summary: 'The bytes of an object, or a range of them', params: objectParams }
  const find = async (request: FastifyRequest, params: z.output<typeof objectParams>) => {
    const place = findPlace(management, callerOf(request), params, 'read')
    const info = await store.head(place.bucket, place.path)
    if (info === null) throw new Problem(404, `there is no object ${place.path}`)
    return { place, info, isKnown: isNamedIn(request.headers['if-none-match'], info.etag) }
  }

  app.head('/objects/:target/*', { schema: { ...schema, summary: 'The headers of an object' } }, async (request, reply) => {
    const { info, isKnown } = await find(request, request.params)
    describe(reply, info)
    return isKnown ? reply.code(304).send() : reply.header('content-length', info.usedBytes).send()
  })

  app.get('/objects/:target/*', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const { place, info, isKnown } = await find(request, request.params)
    describe(reply, info)
    if (isKnown) return reply.code(304).send()
    // A part goes with the rest of the same object only.
    const asked = request.headers['if-range']
    const isSame = asked === undefined || asked === `"${info.etag}"`
    const range = isSame ? parseRange(request.headers.range, info.usedBytes) : null
    if (range === 'unsatisfiable') return reply.code(416).header('content-range', `bytes */${info.usedBytes}`).send()
    const found = await store.get(place.bucket, place.path, range ?? { first: 0 })
    if (found?.info.etag !== info.etag) {
      found?.content.destroy()
      throw new Problem(503, `${place.path} was replaced in this moment`, { hint: 'ask once more' })
    }
    if (range === null) return reply.header('content-length', info.usedBytes).send(found.content)
    reply.code(206).header('content-range', `bytes ${range.first}-${range.last}/${info.usedBytes}`)
    return reply.header('content-length', range.last - range.first + 1).send(found.content)
  })
}

/** Whether an If-None-Match header names the ETag, as one of several perhaps, or as a weak one. */
function isNamedIn(header: string | undefined, etag: string): boolean {
  const names = (header ?? '').split(',').map((name) => name.trim().replace(/^W\//, ''))
  return names.includes('*') || names.includes(`"${etag}"`)
}

function describe(reply: FastifyReply, info: ObjectInfo): void {
  reply.type(info.contentType).header('etag', `"${info.etag}"`).header('last-modified', new Date(info.modifiedAt).toUTCString())
  // A user's own bytes: never a page of this origin.
  reply.header('accept-ranges', 'bytes').header('x-content-type-options', 'nosniff').header('content-security-policy', 'sandbox')
  for (const [name, value] of Object.entries(info.metadata)) reply.header(`x-object-meta-${name}`, value)
}
