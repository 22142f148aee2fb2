import { answerJob, jobAnswerSchema } from '@lautta/core/orchestration/answer'
import { controlOrders } from '@lautta/core/orchestration/next-order'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findJob, jobParams } from '../find-job.ts'
import { Problem } from '../problem.ts'

const verbs = [
  { verb: 'cancel', summary: 'Ends the present attempt of one job, in whatever state it is' },
  { verb: 'hold', summary: 'Keeps one job from starting, until it is released' },
  { verb: 'release', summary: 'Lets a held job start' },
  { verb: 'requeue', summary: 'Lets one job begin anew, as the same job of SLURM' }
] as const

/** What can be ordered for one job alone. */
export function jobVerbRoutes(app: App, { reader, writer, platforms }: AppContext): void {
  for (const { verb, summary } of verbs) {
    app.post(
      `/orchestrations/:id/jobs/:platform/:index/${verb}`,
      {
        schema: {
          tags: ['jobs'],
          summary,
          params: jobParams,
          // Of an array nothing can be ordered for one task: who asks for that must not end all of them.
          querystring: z.strictObject({}),
          response: { 202: jobAnswerSchema }
        }
      },
      async (request, reply) => {
        const caller = callerOf(request)
        const { id, platform } = request.params
        const { known, found } = await findJob(reader, caller.user, request.params)
        const isLocal = platforms.some(({ name, kind }) => name === platform && kind === 'local')
        if (isLocal && verb !== 'cancel') {
          throw new Problem(409, `platform ${platform} knows no ${verb}`, { hint: 'its jobs start as soon as a core is free' })
        }
        const decision = controlOrders(known, found, verb)
        if ('conflict' in decision) throw new Problem(409, decision.conflict, { hint: decision.hint })
        reply.code(202)
        if (decision.orders.length === 0) return answerJob(known, found)
        await writer.order(caller, id, [platform], decision.orders)
        const after = await findJob(reader, caller.user, request.params)
        return answerJob(after.known, after.found)
      }
    )
  }
}
