import { z } from 'zod'
import type { App, AppContext } from '../app-context.ts'

/** Whether the process lives, and whether it can do its work; without a key. */
export function healthRoutes(app: App, { findUnready }: AppContext): void {
  const schema = { tags: ['health'], security: [] }
  app.get('/health/live', { schema: { ...schema, response: { 200: z.object({ live: z.literal(true) }) } } }, async () => ({
    live: true as const
  }))

  const readySchema = z.object({ ready: z.boolean(), missing: z.array(z.string()) })
  app.get(
    '/health/ready',
    { schema: { ...schema, response: { 200: readySchema, 503: readySchema } } },
    async (_request, reply) => {
      const missing = await findUnready()
      reply.code(missing.length === 0 ? 200 : 503)
      return { ready: missing.length === 0, missing }
    }
  )
}
