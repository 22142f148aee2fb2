import { StorageError, UnavailableError } from '@lautta/core/errors'
import { probeAnswerSchema } from '@lautta/core/messages'
import { describeEnvironment, platformPropertiesSchema } from '@lautta/core/orchestration/properties'
import { retirementSchema } from '@lautta/core/platform/retirement'
import { z } from 'zod'
import { type App, type AppContext, callerOf, type TellablePlatform } from '../app-context.ts'
import type { Caller } from '../authenticate.ts'
import { findOffered, isOffered } from '../offered-platforms.ts'
import { Problem } from '../problem.ts'

const tags = ['platforms']
const platformParams = z.object({ platform: z.string() })

const pauseSchema = z.object({
  by: z.string(),
  at: z.string().nullable().describe('null: a newer Lautta wrote it, and this one can not tell'),
  user: z.string().nullable().describe('null: the whole platform is paused, for everybody')
})
const itemSchema = z.object({
  name: z.string(),
  kind: z.string(),
  architecture: z.string().nullable().describe('of its nodes; null is not known'),
  retired: retirementSchema.nullable().describe('when it was closed; null: it is in use'),
  paused: pauseSchema.nullable().describe('while it is, nothing new is prepared or submitted; what runs goes on')
})
const platformSchema = itemSchema.extend({
  paused: itemSchema.shape.paused.optional().describe('absent beside a probe when the object store does not tell'),
  properties: platformPropertiesSchema
    .nullable()
    .optional()
    .describe('what you find there; null until an order of yours was prepared there, absent as paused is'),
  probe: probeAnswerSchema
    .extend({ ok: z.boolean() })
    .optional()
    .describe('asked for by probe=true: the steps on the way to a job, until the first that fails')
})

/** The platforms that an order may name: whether they answer, and whether they are paused. */
export function platformRoutes(app: App, { platforms, pauses, environments, asker, users }: AppContext): void {
  const answer = async (platform: TellablePlatform, user: string) => ({
    ...described(platform),
    paused: await pauses.findPause(platform.name, user)
  })
  const answerWhole = async (platform: TellablePlatform, user: string) => {
    const [head, environment] = await Promise.all([answer(platform, user), environments.find(user, platform.name)])
    return { ...head, properties: describeEnvironment(environment) }
  }

  app.get(
    '/platforms',
    {
      schema: {
        tags,
        summary: 'The platforms that an order may name',
        response: { 200: z.object({ items: z.array(itemSchema), next: z.null() }) }
      }
    },
    async (request) => {
      const caller = callerOf(request)
      const offered = platforms.filter((platform) => isOffered(platform, caller))
      return { items: await Promise.all(offered.map((one) => answer(one, caller.user))), next: null }
    }
  )

  app.get(
    '/platforms/:platform',
    {
      schema: {
        tags,
        summary: 'One platform; with probe=true it is asked, with your credential, which step on the way to a job fails',
        params: platformParams,
        querystring: z.strictObject({ probe: z.stringbool().default(false) }),
        response: { 200: platformSchema }
      }
    },
    async (request) => {
      const caller = callerOf(request)
      const found = findOffered(platforms, request.params.platform, caller)
      if (!request.query.probe) return answerWhole(found, caller.user)
      const [known, probed] = await Promise.all([answerIfKnown(found, caller.user), probe(found.name, caller.user)])
      return { ...known, probe: probed }
    }
  )

  /** Whether the platform answers has nothing to do with the store. */
  const answerIfKnown = async (platform: TellablePlatform, user: string) => {
    try {
      return await answerWhole(platform, user)
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      return described(platform)
    }
  }

  const probe = async (platform: string, user: string) => {
    try {
      const { steps } = await asker.ask({ kind: 'probe', user, platform }, probeAnswerSchema)
      return { ok: steps.every(({ ok }) => ok), steps }
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      throw new Problem(503, error.message, { hint: error.hint ?? 'try again soon; whether it stays so, the operator can tell' })
    }
  }

  const verbs = {
    pause: { paused: true, summary: 'Begins nothing new on a platform, for a user or (administrators only) for everybody' },
    resume: { paused: false, summary: 'Ends a pause' }
  }
  for (const [verb, { paused, summary }] of Object.entries(verbs)) {
    app.post(
      `/platforms/:platform/${verb}`,
      {
        schema: {
          tags,
          summary,
          params: platformParams,
          body: z.strictObject({ user: z.string().optional().describe('without it, everybody') }).nullish(),
          response: { 200: platformSchema }
        }
      },
      async (request) => {
        const caller = callerOf(request)
        const found = findOffered(platforms, request.params.platform, caller)
        const user = request.body?.user ?? null
        refuseOthers(caller, user)
        if (user !== null && !users.some(({ name }) => name === user)) throw new Problem(404, `there is no user ${user}`)
        await pauses.setPause(caller, found.name, user, paused)
        return answer(found, user ?? caller.user)
      }
    )
  }
}

function described({ name, kind, architecture, retired }: TellablePlatform) {
  return { name, kind, architecture, retired }
}

/** Everybody may pause themselves, and an administrator whomever. */
function refuseOthers(caller: Caller, user: string | null): void {
  if (caller.isAdmin || user === caller.user) return
  const whom = user === null ? 'a platform for everybody' : 'a platform for others'
  throw new Problem(403, `only administrators pause and resume ${whom}`, { hint: `send {"user": "${caller.user}"}` })
}
