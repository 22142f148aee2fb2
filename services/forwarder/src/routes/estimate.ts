import { estimateJob, estimateSchema } from '@lautta/core/billing/estimate-job'
import { arraySchema, optionsSchema } from '@lautta/core/orchestration/dictionary'
import { partitionsNow } from '@lautta/core/platform/tell-partitions'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findToldPartitions } from '../known-environments.ts'
import { findOffered } from '../offered-platforms.ts'
import { Problem } from '../problem.ts'

const bodySchema = z
  .strictObject({
    script: z
      .string()
      .max(400_000)
      .default('')
      .describe("a batch script's text: its #SBATCH lines are read as sbatch reads them"),
    options: optionsSchema.default({}).describe('sbatch options by long name, over those of the script'),
    array: arraySchema.optional()
  })
  .refine(({ script, options }) => script !== '' || Object.keys(options).length > 0, {
    message: 'give script, the text of a batch script, or options'
  })

/** What a job would cost, before it runs. */
export function estimateRoutes(app: App, { platforms, environments }: AppContext): void {
  app.post(
    '/platforms/:platform/estimate',
    {
      schema: {
        tags: ['platforms'],
        summary: 'What a job would reserve and cost at most; the platform is not asked',
        consumes: ['application/json', 'application/yaml'],
        params: z.object({ platform: z.string() }),
        body: bodySchema,
        response: { 200: estimateSchema }
      }
    },
    async (request) => {
      const caller = callerOf(request)
      const found = findOffered(platforms, request.params.platform, caller)
      const told = await findToldPartitions(environments, caller.user, found.name)
      const { script, options, array = null } = request.body
      const { estimate, complaints } = estimateJob(
        { script, options, array },
        { partitions: partitionsNow(found, told), billing: found.billing }
      )
      if (estimate !== null) return estimate
      throw new Problem(400, 'the job can not be read as sbatch would read it', { errors: complaints })
    }
  )
}
