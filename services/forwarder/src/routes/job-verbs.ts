import { answerJob, jobAnswerSchema } from '@lautta/core/orchestration/answer'
import { controlOrders } from '@lautta/core/orchestration/next-order'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findJob, jobParams } from '../find-job.ts'
import { Problem } from '../problem.ts'

const summaries = {
  cancel: 'Ends the present attempt of one job, in whatever state it is',
  hold: 'Keeps one job from starting, until it is released',
  release: 'Lets a held job start',
  requeue: 'Lets one job begin anew, as the same job of SLURM'
} as const
const verbs = ['cancel', 'hold', 'release', 'requeue'] as const

/** What can be ordered for one job alone. */
export function jobVerbRoutes(app: App, { reader, writer, platforms }: AppContext): void {
  for (const verb of verbs) {
    app.post(
      `/orchestrations/:id/jobs/:platform/:index/${verb}`,
      { schema: { tags: ['jobs'], summary: summaries[verb], params: jobParams, response: { 202: jobAnswerSchema } } },
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
