import { answerJob, jobAnswerSchema } from '@lautta/core/orchestration/answer'
import { controlOrders } from '@lautta/core/orchestration/next-order'
import { taskOrders } from '@lautta/core/orchestration/task-orders'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import { findJob, jobParams } from '../find-job.ts'
import { Problem } from '../problem.ts'

const verbs = [
  { verb: 'cancel', summary: 'Ends the present attempt of one job, in whatever state it is, or one of its tasks' },
  { verb: 'hold', summary: 'Keeps one job, or one of its tasks, from starting, until it is released' },
  { verb: 'release', summary: 'Lets a held job or task start' },
  { verb: 'requeue', summary: 'Lets one job, or one of its tasks, begin anew, as the same job of SLURM' }
] as const

const taskQuery = z.strictObject({
  task: z.coerce.number().int().min(0).optional().describe('of an array: this one of its tasks, and no other')
})

/** What can be ordered for one job alone, or for one task of it. */
export function jobVerbRoutes(app: App, { reader, writer, platforms }: AppContext): void {
  for (const { verb, summary } of verbs) {
    app.post(
      `/orchestrations/:id/jobs/:platform/:index/${verb}`,
      {
        schema: {
          tags: ['jobs'],
          summary,
          params: jobParams,
          querystring: taskQuery,
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
        const { task } = request.query
        const decision = task === undefined ? controlOrders(known, found, verb) : taskOrders(known, found, verb, task)
        if ('noArray' in decision) throw new Problem(400, decision.noArray)
        if ('noTask' in decision) throw new Problem(404, decision.noTask)
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
