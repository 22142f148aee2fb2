import type { KnownPartitions } from '@lautta/core/platform/tell-partitions'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { Asker } from '@lautta/queue/ask'
import type { Change } from '@lautta/queue/changes'
import type { OneTimeLinks } from '@lautta/queue/one-time-links'
import type { ConfiguredUser } from '@lautta/runtime/config'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Caller } from './authenticate.ts'
import type { FollowedLogs } from './follow/followed-logs.ts'
import type { ForwardBook } from './forwards/forward-book.ts'
import type { ForwardDispatchers } from './forwards/forward-dispatchers.ts'
import type { OpenForwardStream } from './forwards/open-forward-stream.ts'
import type { KnownEnvironments } from './known-environments.ts'
import type { ObjectSignatures } from './object-signatures.ts'
import type { ObjectWriter } from './object-writer.ts'
import type { OfferedPlatform } from './offered-platforms.ts'
import type { OrderReader } from './order-reader.ts'
import type { ClosablePlatform } from './order-warnings.ts'
import type { OrderWriter } from './order-writer.ts'
import type { PlatformPauses } from './platform-pauses.ts'

/** A fastify instance whose schemas are zod's. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** A platform, as far as the API tells about it. */
export interface TellablePlatform extends OfferedPlatform, ClosablePlatform, KnownPartitions {
  kind: string
  architecture: string | null
  /** Of a platform that is a Ray cluster. */
  ray: { dashboard: string; serve: string | null; metrics: readonly string[] } | null
  /** Where clusters inside jobs bring their ports to us: they bring no metrics. */
  remoteForward: object | null
}

/** What routes need. */
export interface AppContext {
  store: ObjectStore
  management: Management
  reader: OrderReader
  writer: OrderWriter
  /** Logs that somebody follows. */
  followedLogs: FollowedLogs
  pauses: PlatformPauses
  /** What users find on platforms. */
  environments: KnownEnvironments
  /** Asks whoever drives the platforms. */
  asker: Asker
  /** Services of Ray clusters that users had brought near, and connections to them. */
  forwards: ForwardBook
  openForwardStream: OpenForwardStream
  dispatchers: Pick<ForwardDispatchers, 'dispatcherOf'>
  links: OneTimeLinks
  /** Where browsers see them. */
  proxyPort: number
  objectWriter: ObjectWriter
  signatures: ObjectSignatures
  users: readonly ConfiguredUser[]
  /** Where jobs reach the API; null: at the address by which it was asked. */
  publicUrl: string | null
  /** The platforms that an order may name. */
  platforms: readonly TellablePlatform[]
  /** Hears of changes of any user's orders; answers the function that stops listening. */
  listen(onChange: (change: Change) => void): () => void
  /** What is not ready; empty when all is. */
  findUnready(): Promise<string[]>
}

/** The caller of an authenticated request. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = request.caller
  // Routes under /v1 run behind authentication; this one was put elsewhere.
  if (caller === null) throw new Error(`${request.url} is not behind authentication`)
  return caller
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
  }
}
