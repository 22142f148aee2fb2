import { answerOrder, orderAnswerSchema, orderSummarySchema, summariseOrder } from '@lautta/core/orchestration/answer'
import { type KnownOrder, partsOf } from '@lautta/core/orchestration/known-order'
import { type NewOrder, startOrders, stopOrders } from '@lautta/core/orchestration/next-order'
import { z } from 'zod'
import { type App, type AppContext, callerOf } from '../app-context.ts'
import type { Caller } from '../authenticate.ts'
import { orderKey } from '../order-reader.ts'
import { pageQuery, paginate } from '../paginate.ts'

const tags = ['orchestrations']
const idParams = z.object({ id: z.string() })

/** Orders of a user: list, read, start, stop. */
export function orchestrationRoutes(app: App, { reader, writer, environments }: AppContext): void {
  app.get(
    '/orchestrations',
    {
      schema: {
        tags,
        summary: 'Lists orders, newest first',
        querystring: pageQuery.extend({
          state: z.string().optional(),
          platform: z.string().optional(),
          label: z.string().optional()
        }),
        response: { 200: z.object({ items: z.array(orderSummarySchema), next: z.string().nullable() }) }
      }
    },
    async (request) => {
      const { state, platform, label, ...page } = request.query
      const items = (await reader.readAll(callerOf(request).user)).map(summariseOrder).filter((order) => {
        if (state !== undefined && order.state !== state) return false
        if (platform !== undefined && !order.platforms.includes(platform)) return false
        return label === undefined || Object.entries(order.labels).some(([key, value]) => `${key}:${value}` === label)
      })
      return paginate(items, (order) => orderKey(order['created-at'], order.id), page)
    }
  )

  const one = { params: idParams, response: { 200: orderAnswerSchema } }
  app.get('/orchestrations/:id', { schema: { tags, summary: 'One order with all its jobs', ...one } }, async (request) =>
    answer(callerOf(request), await reader.read(callerOf(request).user, request.params.id))
  )

  const ordered = { params: idParams, response: { 202: orderAnswerSchema } }
  app.post(
    '/orchestrations/:id/start',
    { schema: { tags, summary: 'Starts an order; of an ended one, what did not complete', ...ordered } },
    async (request, reply) => {
      reply.code(202)
      return give(request.params.id, callerOf(request), startOrders)
    }
  )
  app.post(
    '/orchestrations/:id/stop',
    { schema: { tags, summary: 'Stops an order, in whatever state it is', ...ordered } },
    async (request, reply) => {
      reply.code(202)
      return give(request.params.id, callerOf(request), stopOrders)
    }
  )

  const give = async (id: string, caller: Caller, decide: (known: KnownOrder) => NewOrder[]) => {
    const known = await reader.read(caller.user, id)
    const orders = decide(known)
    if (orders.length === 0) return answer(caller, known)
    await writer.order(caller, id, [...partsOf(known).keys()], orders)
    return answer(caller, await reader.read(caller.user, id))
  }

  const answer = async ({ user }: Caller, known: KnownOrder) =>
    answerOrder(known, await environments.findAll(user, [...partsOf(known).keys()]))
}
