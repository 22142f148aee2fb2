import { mapLimited } from '@lautta/core/map-limited'
import { trimObjectPath } from '@lautta/core/object-path'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { describeObject, objectItemSchema } from '../object-item.ts'
import { findPlace, objectParams, objectTargets, targetParams } from '../object-place.ts'
import { pageQuery } from '../paginate.ts'

const tags = ['objects']
// Questions to the store at once, for one list.
const mostHeads = 16

/** The caller's own buckets and what is in them. */
export function objectRoutes(app: App, { store, management, objectWriter }: AppContext): void {
  const bucketSchema = z.object({
    target: z.enum(objectTargets),
    bucket: z.string(),
    amount: z.number().describe('objects'),
    size: z.number().describe('bytes')
  })
  app.get(
    '/objects',
    {
      schema: {
        tags,
        summary: 'The buckets of the caller, and how much is in them',
        response: { 200: z.object({ items: z.array(bucketSchema), next: z.null() }) }
      }
    },
    async (request) => {
      const { user } = callerOf(request)
      const measure = async (target: (typeof objectTargets)[number]) => {
        const bucket = management.bucketOf(user, target)
        // A bucket is made when the first object is put there.
        const { objects, usedBytes } = (await store.measure(bucket)) ?? { objects: 0, usedBytes: 0 }
        return { target, bucket, amount: objects, size: usedBytes }
      }
      return { items: await Promise.all(objectTargets.map(measure)), next: null }
    }
  )

  app.get(
    '/objects/:target',
    {
      schema: {
        tags,
        summary: 'The objects of a bucket, by name',
        params: targetParams,
        querystring: pageQuery.extend({ prefix: z.string().default('') }),
        response: { 200: z.object({ items: z.array(objectItemSchema), next: z.string().nullable() }) }
      }
    },
    async (request) => {
      const { prefix, limit, cursor } = request.query
      const after = cursor === undefined ? {} : { after: Buffer.from(cursor, 'base64url').toString('utf8') }
      const bucket = management.bucketOf(callerOf(request).user, request.params.target)
      const { objects, next } = await store.list(bucket, { prefix: trimObjectPath(prefix), limit, ...after })
      // Versions stand in the objects' own headers; what was removed since it was listed is left out.
      const infos = await mapLimited(objects, mostHeads, ({ path }) => store.head(bucket, path))
      return {
        items: infos.filter((info) => info !== null).map(describeObject),
        next: next === null ? null : Buffer.from(next).toString('base64url')
      }
    }
  )

  app.delete(
    '/objects/:target/*',
    {
      schema: {
        tags,
        summary: 'Removes an object; one that is not there is no error',
        params: objectParams,
        headers: z.looseObject({ 'if-match': z.string().optional().describe('only when it has this ETag, else 412') }),
        response: { 204: z.null() },
        answers: { 204: { description: 'It is not there any more' }, 412: { description: 'It has another ETag' } }
      }
    },
    async (request, reply) => {
      await objectWriter.delete(findPlace(management, callerOf(request), request.params, 'write'), request.headers)
      return reply.code(204).send(null)
    }
  )
}
