import { UnavailableError } from '@lautta/core/errors'
import { partitionsAnswerSchema, tellPartitions } from '@lautta/core/platform/tell-partitions'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findOffered } from '../offered-platforms.ts'

const toldSchema = partitionsAnswerSchema.extend({
  next: z.null(),
  detail: z.string().optional().describe('why the platform itself was not heard: this is what its profile knows'),
  hint: z.string().optional()
})

/** The partitions of a platform, as it tells them itself; while it does not, as its profile knows them. */
export function partitionRoutes(app: App, { platforms, asker }: AppContext): void {
  app.get(
    '/platforms/:platform/partitions',
    {
      schema: {
        tags: ['platforms'],
        summary: 'The partitions of a platform with their limits, asked for with your credential at most once an hour',
        params: z.object({ platform: z.string() }),
        response: { 200: toldSchema }
      }
    },
    async (request) => {
      const caller = callerOf(request)
      const found = findOffered(platforms, request.params.platform, caller)
      try {
        const told = await asker.ask({ kind: 'partitions', user: caller.user, platform: found.name }, partitionsAnswerSchema)
        return { ...told, next: null }
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error
        const why = { detail: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }
        return { ...tellPartitions(found, null), next: null, ...why }
      }
    }
  )
}
