import type { AddressInfo } from 'node:net'
import { messageOf, StorageError } from '@lautta/core/errors'
import { createAsker } from '@lautta/queue/ask'
import { type Change, createChanges, followChanges } from '@lautta/queue/changes'
import { connectRedis, type RedisAddress, waitForRedis } from '@lautta/queue/connect-redis'
import { createFollowedStreams } from '@lautta/queue/followed-streams'
import { createLeases } from '@lautta/queue/leases'
import { createLocks } from '@lautta/queue/locks'
import { createOneTimeLinks } from '@lautta/queue/one-time-links'
import { createQueues } from '@lautta/queue/queues'
import type { Config } from '@lautta/runtime/config'
import type { Logger } from '@lautta/runtime/logger'
import type { Installation } from '@lautta/runtime/open-installation'
import type { Running } from '@lautta/runtime/run-service'
import { startAdopting } from './adoption/start-adopting.ts'
import { createApp } from './create-app.ts'
import { createFollowedLogs } from './follow/followed-logs.ts'
import { createNearServices } from './forwards/near-services.ts'
import { createKnownEnvironments } from './known-environments.ts'
import { createObjectSignatures } from './object-signatures.ts'
import { createObjectWriter } from './object-writer.ts'
import { createOrderReader } from './order-reader.ts'
import { createOrderWriter } from './order-writer.ts'
import { createPlatformPauses } from './platform-pauses.ts'
import { startProxy } from './proxy/start-proxy.ts'

const redisStartMs = 5000
const readyCheckMs = 2000
// Longer than any route keeps silent.
const longestSilenceMs = 10 * 60_000

export interface ForwarderOptions {
  config: Config
  installation: Installation
  redis: RedisAddress
  logger: Logger
  /** Whether no other forwarder can exist, because the data directory is locked. */
  isAlone: boolean
  /** After which a connection without a byte is cut. */
  silenceMs?: number
}

/** Starts the HTTP API; it talks to no platform. */
export async function createForwarder({
  config,
  installation,
  redis,
  logger,
  isAlone,
  silenceMs = longestSilenceMs
}: ForwarderOptions): Promise<Running & { url: string }> {
  const { store, management } = installation
  const connection = connectRedis(redis)
  await waitForRedis(connection, redisStartMs)
  const queues = createQueues(redis)
  const listeners = new Set<(change: Change) => void>()
  const following = followChanges(redis, (change) => {
    for (const listener of listeners) listener(change)
  })
  // Anybody may ask: so the store is asked once for all of them, and its words go to the log.
  const findStoreFailure = shareFor(readyCheckMs, async (): Promise<string | null> => {
    try {
      await store.check()
      return null
    } catch (error) {
      logger.warn({ error: messageOf(error) }, 'the object store is not ready')
      return error instanceof StorageError ? error.reason : 'failed'
    }
  })
  const findUnready = async (): Promise<string[]> => {
    const failure = await findStoreFailure()
    const missing = failure === null ? [] : [`object store: ${failure}`]
    if (connection.status !== 'ready') missing.push('Redis: not connected')
    return missing
  }
  const locks = createLocks(connection)
  const now = () => new Date()
  const { users, platforms, publicUrl } = config
  const changes = createChanges(connection)
  const writer = createOrderWriter({ management, queues, locks, platforms, logger, changes, now })
  const reader = createOrderReader(management)
  const listen = (listener: (change: Change) => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const told = createFollowedStreams(connection)
  const followedLogs = createFollowedLogs({ store, management, reader, told, listen, logger })
  const asker = createAsker(redis)
  const links = createOneTimeLinks(connection)
  const near = createNearServices({ config, management, queues, locks, logger, now })
  const proxy = await startProxy({ ...near, links, host: config.host, port: config.proxyPort, logger })
  const context = {
    ...{ store, management, reader, writer, users, platforms, publicUrl, listen, findUnready, asker, links, followedLogs },
    ...{ forwards: near.forwards, openForwardStream: near.openForwardStream, dispatchers: near.dispatchers },
    proxyPort: proxy.port,
    pauses: createPlatformPauses({ management, queues, users, logger, now }),
    environments: createKnownEnvironments(management, now),
    objectWriter: createObjectWriter(store, locks),
    signatures: createObjectSignatures(config.masterKey, users)
  }
  const app = await createApp(context, logger, silenceMs)
  await app.listen({ host: config.host, port: config.port })
  const leases = createLeases(connection, { durationMs: config.leaseSeconds * 1000, waitOnYoungRedis: !isAlone })
  const adopting = startAdopting({ users, platforms, management, reader, writer, leases, now, logger })
  const { port } = app.server.address() as AddressInfo
  return {
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    async close() {
      await Promise.all([app.close(), proxy.close()])
      await followedLogs.close()
      await near.dispatchers.close()
      await adopting.close()
      following.close()
      await Promise.all([queues.close(), asker.close()])
      connection.disconnect()
    }
  }
}

/** Asks once for all who want to know within so many milliseconds. */
function shareFor<Answer>(ms: number, ask: () => Promise<Answer>): () => Promise<Answer> {
  let asked: { answer: Promise<Answer>; atMs: number } | null = null
  return () => {
    if (asked === null || performance.now() - asked.atMs > ms) asked = { answer: ask(), atMs: performance.now() }
    return asked.answer
  }
}
