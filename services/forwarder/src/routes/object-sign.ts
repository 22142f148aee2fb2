import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findPlace, objectParams } from '../object-place.ts'
import { originOf } from '../origin.ts'
import { Problem } from '../problem.ts'

// What S3 allows.
const mostSeconds = 7 * 24 * 3600

/** URLs that open one of the caller's objects without a key. */
export function objectSignRoutes(app: App, { store, management, signatures }: AppContext): void {
  app.post(
    '/objects/:target/*',
    {
      schema: {
        tags: ['objects'],
        summary: 'A URL under which anybody may read or replace the object for a while',
        address: '/v1/objects/:target/:path/sign',
        params: objectParams,
        body: z.strictObject({
          method: z.enum(['GET', 'PUT']).describe('GET allows HEAD too'),
          seconds: z.number().int().min(1).max(mostSeconds)
        }),
        response: { 200: z.object({ url: z.string(), 'expires-at': z.iso.datetime() }) }
      }
    },
    async (request) => {
      const { target, '*': rest } = request.params
      const { method, seconds } = request.body
      if (!rest.endsWith('/sign')) {
        throw new Problem(404, 'objects are posted nowhere', { hint: 'PUT the object, or POST to its path with /sign behind it' })
      }
      const purpose = method === 'GET' ? 'read' : 'write'
      const caller = callerOf(request)
      const { bucket, path } = findPlace(management, caller, { target, '*': rest.slice(0, -'/sign'.length) }, purpose)
      const expiresSeconds = Math.floor(Date.now() / 1000) + seconds
      // Never the store's own for PUT: who has one may add a header that copies any object there, of whatever user, into it.
      const signed = method === 'GET' ? await store.sign(bucket, path, { method, seconds }) : null
      const ownUrl = () => signatures.sign(originOf(request), { method, user: caller.user, target, path, expiresSeconds })
      return { url: signed ?? ownUrl(), 'expires-at': new Date(expiresSeconds * 1000).toISOString() }
    }
  )
}
