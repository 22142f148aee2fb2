import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { dryRun, dryRunSchema } from '../dry-run.ts'
import { refuseOthersPlatforms } from '../offered-platforms.ts'
import { orchestrationFor } from '../orchestration-for.ts'
import { keepSentBody, repeatableHeaders } from '../sent-body.ts'

const tags = ['orchestrations']

const createQuery = z
  .strictObject({
    start: z.stringbool().default(false),
    'dry-run': z.stringbool().default(false).describe('asks the platforms whether they would take the jobs, and stores nothing')
  })
  .refine((query) => !(query.start && query['dry-run']), {
    path: ['dry-run'],
    message: 'a dry run starts nothing: leave start=true out'
  })

/** Accepts an order, or asks the platforms what they would say to it. */
export function creationRoutes(app: App, { writer, platforms, asker }: AppContext): void {
  const bodySchema = orchestrationFor(platforms)

  app.post(
    '/orchestrations',
    {
      schema: {
        tags,
        summary: "Accepts seed 000's dictionary, as JSON or YAML",
        consumes: ['application/json', 'application/yaml'],
        querystring: createQuery,
        headers: repeatableHeaders,
        body: bodySchema,
        response: {
          200: dryRunSchema.describe('of a dry run'),
          202: z.object({
            id: z.string(),
            name: z.string(),
            state: z.string(),
            'created-at': z.string(),
            warnings: z.array(z.string())
          })
        }
      },
      preValidation: keepSentBody
    },
    async (request, reply) => {
      const caller = callerOf(request)
      refuseOthersPlatforms(platforms, request.body, caller)
      if (request.query['dry-run']) return dryRun({ asker, platforms }, caller.user, request.body)
      const created = await writer.create(caller, {
        identity: writer.identify(caller.user, request.headers['idempotency-key']),
        request: request.body,
        body: request.sentBody,
        start: request.query.start
      })
      reply.code(202)
      return created
    }
  )
}
