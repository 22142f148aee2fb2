import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { isOffered } from '../offered-platforms.ts'

/** The platforms that an order may name. */
export function platformRoutes(app: App, { platforms }: AppContext): void {
  const response = z.object({ items: z.array(z.object({ name: z.string(), kind: z.string() })), next: z.null() })
  app.get(
    '/platforms',
    { schema: { tags: ['platforms'], summary: 'The platforms that an order may name', response: { 200: response } } },
    async (request) => {
      const offered = platforms.filter((platform) => isOffered(platform, callerOf(request)))
      return { items: offered.map(({ name, kind }) => ({ name, kind })), next: null }
    }
  )
}
