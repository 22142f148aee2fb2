import { setTimeout as pause } from 'node:timers/promises'
import { UnavailableError } from '@lautta/core/errors'
import { describeService, type ForwardedService } from '@lautta/core/forwards/describe-service'
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

/** A service of a cluster, and who asks it. */
interface AskedService extends ForwardedService {
  caller: Caller
  cluster: FoundCluster
}

/** Carries a request to a service of a cluster, over a forward of the caller's own, which is asked for where there is none. */
export async function passToService(
  context: Pick<AppContext, 'forwards' | 'dispatchers'>,
  asked: AskedService,
  path: string,
  request: FastifyRequest,
  reply: FastifyReply
): Promise<void> {
  const forward = await openForward(context, asked)
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
    throw unreachable(asked, error instanceof UnavailableError ? error.message : 'it broke off')
  }
}

async function openForward({ forwards }: Pick<AppContext, 'forwards'>, asked: AskedService): Promise<KnownForward> {
  const { caller, cluster, service, node } = asked
  const { platform, job } = cluster.place
  const target = { platform, orchestration: job?.orchestration ?? null, index: job?.index ?? null, service, node }
  const untilMs = performance.now() + openMs
  let { forward } = await forwards.create(caller, target)
  while (forward.state === 'opening' && performance.now() < untilMs) {
    await pause(lookAgainMs)
    forward = await forwards.find(caller.user, forward.id)
  }
  if (forward.state !== 'open') throw unreachable(asked, forward.reason ?? `the forward is ${forward.state}`)
  return forward
}

function unreachable({ cluster, ...forwarded }: AskedService, words: string): Problem {
  return new Problem(503, `${describeService(forwarded)} of ${cluster.name} does not answer: ${words}`, {
    hint: 'GET /v1/forwards tells how the way there is'
  })
}
