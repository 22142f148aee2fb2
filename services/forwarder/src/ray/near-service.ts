import { setTimeout as pause } from 'node:timers/promises'
import type { ForwardService } from '@lautta/core/documents/forward-document'
import { UnavailableError } from '@lautta/core/errors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AppContext } from '../app-context.ts'
import type { Caller } from '../authenticate.ts'
import type { KnownForward } from '../forwards/forward-book.ts'
import { Problem } from '../problem.ts'
import { answerHeaders, requestHeaders } from '../proxy/page-headers.ts'
import { passRequest } from '../proxy/pass-request.ts'
import type { FoundCluster } from './find-cluster.ts'

// The submitter may have to log in first.
const openMs = 30_000
const lookAgainMs = 250

/** What a service sends is other people's: on the API's own origin no browser may run any of it, nor keep its cookies. */
const harmless = { 'content-security-policy': "sandbox; default-src 'none'", 'x-content-type-options': 'nosniff' }

/** Carries a request to a service of a cluster, over a forward of the caller's own, which is asked for where there is none. */
export async function passToService(
  context: Pick<AppContext, 'forwards' | 'forwardTo' | 'dispatchers'>,
  { caller, cluster, service }: { caller: Caller; cluster: FoundCluster; service: ForwardService },
  path: string,
  request: FastifyRequest,
  reply: FastifyReply
): Promise<void> {
  const forward = await openForward(context, caller, cluster, service)
  const dispatcher = context.dispatchers.dispatcherOf(forward)
  try {
    // Our own cookies are none of the service's; and of Ray's services only the dashboard wants a token.
    const headers = requestHeaders({ ...request.headers, cookie: undefined }, null)
    await passRequest(request.raw, reply.raw, { dispatcher, headers, path }, (answered) => {
      reply.hijack()
      const { 'set-cookie': _, ...passed } = answerHeaders(answered, null)
      return { ...passed, ...harmless }
    })
  } catch (error) {
    if (reply.raw.headersSent) return void reply.raw.destroy()
    throw unreachable(cluster, service, error instanceof UnavailableError ? error.message : 'it broke off')
  }
}

async function openForward(
  { forwards, forwardTo }: Pick<AppContext, 'forwards' | 'forwardTo'>,
  caller: Caller,
  cluster: FoundCluster,
  service: ForwardService
): Promise<KnownForward> {
  const { platform, job } = cluster.place
  const target = { platform, orchestration: job?.orchestration ?? null, index: job?.index ?? null, service }
  const untilMs = performance.now() + openMs
  let forward = await forwardTo(caller, target)
  while (forward.state === 'opening' && performance.now() < untilMs) {
    await pause(lookAgainMs)
    forward = await forwards.find(caller.user, forward.id)
  }
  if (forward.state !== 'open') throw unreachable(cluster, service, forward.reason ?? `the forward is ${forward.state}`)
  return forward
}

function unreachable({ name }: FoundCluster, service: ForwardService, words: string): Problem {
  return new Problem(503, `${service} of ${name} does not answer: ${words}`, {
    hint: 'GET /v1/forwards tells how the way there is'
  })
}
