import { bucketTargets } from '@lautta/core/buckets'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'

/** Who the caller is, and which buckets are theirs. */
export function meRoutes(app: App, { management }: AppContext): void {
  const response = z.object({
    name: z.string(),
    slug: z.string(),
    admin: z.boolean(),
    'key-id': z.string(),
    buckets: z.record(z.string(), z.string())
  })
  app.get('/me', { schema: { tags: ['users'], summary: 'Who asks', response: { 200: response } } }, async (request) => {
    const { user, slug, isAdmin, keyId } = callerOf(request)
    const buckets = Object.fromEntries(bucketTargets.map((target) => [target, management.bucketOf(user, target)]))
    return { name: user, slug, admin: isAdmin, 'key-id': keyId, buckets }
  })
}
