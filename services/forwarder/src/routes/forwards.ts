import { type ForwardTarget, forwardConditions, forwardServices, forwardStates } from '@lautta/core/documents/forward-document'
import { isFinished } from '@lautta/core/job/job'
import { z } from 'zod'
import { type App, type AppContext, callerOf, type TellablePlatform } from '../app-context.ts'
import type { Caller } from '../authenticate.ts'
import { findJob } from '../find-job.ts'
import type { KnownForward } from '../forwards/forward-book.ts'
import { findOffered } from '../offered-platforms.ts'
import { originOf } from '../origin.ts'
import { pageQuery, paginate } from '../paginate.ts'
import { Problem } from '../problem.ts'

const tags = ['forwards']
const forwardParams = z.object({ id: z.string() })
const linkSeconds = 60

const targetSchema = z.strictObject({
  platform: z.string().describe('a Ray cluster, or the platform of the job that is one'),
  orchestration: z.string().optional().describe('the order of that job'),
  index: z.number().int().min(0).optional().describe('which of its jobs there'),
  service: z.enum(forwardServices),
  node: z.number().int().min(0).default(0).describe('of metrics: of which node')
})
const standSchema = {
  state: z.enum(forwardStates),
  waiting: z.enum(forwardConditions).nullable().describe('what it waits for, to go on by itself'),
  reason: z.string().nullable()
}
const forwardSchema = z.object({
  id: z.string(),
  platform: z.string(),
  orchestration: z.string().nullable(),
  index: z.number().int().nullable(),
  service: z.enum(forwardServices),
  node: z.number().int().describe('of metrics: of which node'),
  ...standSchema,
  port: z.number().int().nullable().describe("on the submitter's side; it answers nobody but Lautta itself, in your name"),
  'created-at': z.string(),
  'opened-at': z.string().nullable(),
  'closed-at': z.string().nullable(),
  history: z.array(z.object({ at: z.string(), ...standSchema }))
})

/** Services of Ray clusters that are brought near for their owners. */
export function forwardRoutes(app: App, { forwards, platforms, reader, links, proxyPort }: AppContext): void {
  app.get(
    '/forwards',
    {
      schema: {
        tags,
        summary: 'Your forwards, newest first; what was closed a week ago is gone',
        querystring: pageQuery,
        response: { 200: z.object({ items: z.array(forwardSchema), next: z.string().nullable() }) }
      }
    },
    async (request) => {
      const all = await forwards.findAll(callerOf(request).user)
      const { items, next } = paginate(all, ({ id }) => id, request.query)
      return { items: items.map(describe), next }
    }
  )

  app.post(
    '/forwards',
    {
      schema: {
        tags,
        summary: 'Brings a service of a Ray cluster near: its dashboard, Serve, its metrics, or the port of its client',
        body: targetSchema,
        response: { 200: forwardSchema, 201: forwardSchema },
        answers: { 200: { description: 'It was there already' } }
      }
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const target = await findTarget(caller, request.body)
      const { forward, isNew } = await forwards.create(caller, target)
      reply.code(isNew ? 201 : 200)
      return describe(forward)
    }
  )

  app.get(
    '/forwards/:id',
    { schema: { tags, summary: 'One forward', params: forwardParams, response: { 200: forwardSchema } } },
    async (request) => describe(await forwards.find(callerOf(request).user, request.params.id))
  )

  app.delete(
    '/forwards/:id',
    {
      schema: {
        tags,
        summary: 'Ends a forward, and the connections through it',
        params: forwardParams,
        response: { 204: z.null() }
      }
    },
    async (request, reply) => {
      const caller = callerOf(request)
      await forwards.end(caller, await forwards.find(caller.user, request.params.id))
      return reply.code(204).send(null)
    }
  )

  app.post(
    '/forwards/:id/link',
    {
      schema: {
        tags,
        summary: 'A URL that opens the service in a browser: once, within a minute',
        params: forwardParams,
        response: { 200: z.object({ url: z.string(), 'expires-in-seconds': z.number().int() }) }
      }
    },
    async (request) => {
      const { user } = callerOf(request)
      const { id, state, service, reason } = await forwards.find(user, request.params.id)
      if (state === 'closed') throw new Problem(409, `the forward is closed: ${reason}`, { hint: 'ask for a new one' })
      if (service === 'client')
        throw new Problem(409, "a browser does not speak the protocol of Ray's client", { hint: `use /v1/forwards/${id}/stream` })
      const url = new URL(originOf(request))
      url.port = String(proxyPort)
      url.pathname = `/enter/${await links.make({ user, forward: id }, linkSeconds)}`
      return { url: url.href, 'expires-in-seconds': linkSeconds }
    }
  )

  const findTarget = async (caller: Caller, body: z.output<typeof targetSchema>): Promise<ForwardTarget> => {
    const { platform, orchestration = null, index = null, service, node } = body
    if (service !== 'metrics' && node !== 0) throw new Problem(400, `${service} is not of a node`, { hint: 'leave out node' })
    const found = findOffered(platforms, platform, caller)
    if (orchestration === null || index === null) {
      refuseWithoutCluster(found, orchestration !== null || index !== null)
      return { platform, orchestration: null, index: null, service, node }
    }
    if (found.kind === 'ray') throw new Problem(400, `${platform} is the Ray cluster itself: leave out orchestration and index`)
    const { found: cluster } = await findJob(reader, caller.user, { id: orchestration, platform, index })
    if (cluster.request.ray !== undefined)
      throw new Problem(400, `job ${index} is a Ray job`, { hint: 'name the job that is its Ray cluster' })
    if (isFinished(cluster.job))
      throw new Problem(409, `job ${index} has ended: ${cluster.job.state.outcome}`, { hint: 'start the order again first' })
    return { platform, orchestration, index, service, node }
  }
}

function refuseWithoutCluster({ name, kind }: TellablePlatform, isHalf: boolean): void {
  if (isHalf) throw new Problem(400, 'orchestration and index go together')
  if (kind === 'ray') return
  throw new Problem(400, `${name} is no Ray cluster`, { hint: 'name the job that is one: orchestration and index' })
}

function describe(forward: KnownForward): z.output<typeof forwardSchema> {
  const { id, platform, orchestration, index, service, node, state, waiting, reason, address, history } = forward
  return {
    ...{ id, platform, orchestration, index, service, node, state, waiting, reason, history },
    port: address?.port ?? null,
    'created-at': forward.createdAt,
    'opened-at': forward.openedAt,
    'closed-at': forward.closedAt
  }
}
