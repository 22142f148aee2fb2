import type { AddressInfo } from 'node:net'
import { messageOf } from '@lautta/core/errors'
import { type Change, createChanges, followChanges } from '@lautta/queue/changes'
import { connectRedis, type RedisAddress, waitForRedis } from '@lautta/queue/connect-redis'
import { createLocks } from '@lautta/queue/locks'
import { createQueues } from '@lautta/queue/queues'
import type { Config } from '@lautta/runtime/config'
import type { Logger } from '@lautta/runtime/logger'
import type { Installation } from '@lautta/runtime/open-installation'
import type { Running } from '@lautta/runtime/run-service'
import { createApp } from './create-app.ts'
import { createOrderReader } from './order-reader.ts'
import { createOrderWriter } from './order-writer.ts'

const redisStartMs = 5000

export interface ForwarderOptions {
  config: Config
  installation: Installation
  redis: RedisAddress
  logger: Logger
}

/** Starts the HTTP API; it talks to no platform. */
export async function createForwarder({
  config,
  installation,
  redis,
  logger
}: ForwarderOptions): Promise<Running & { url: string }> {
  const { store, management } = installation
  const connection = connectRedis(redis)
  await waitForRedis(connection, redisStartMs)
  const queues = createQueues(redis)
  const listeners = new Set<(change: Change) => void>()
  const following = followChanges(redis, (change) => {
    for (const listener of listeners) listener(change)
  })
  const findUnready = async (): Promise<string[]> => {
    const missing: string[] = []
    await store.check().catch((error: unknown) => missing.push(`object store: ${messageOf(error)}`))
    if (connection.status !== 'ready') missing.push('Redis: not connected')
    return missing
  }
  const writer = createOrderWriter({
    ...{ management, queues, logger },
    changes: createChanges(connection),
    locks: createLocks(connection),
    now: () => new Date()
  })
  const listen = (listener: (change: Change) => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const { users, platforms } = config
  const app = await createApp(
    { store, management, reader: createOrderReader(management), writer, users, platforms, listen, findUnready },
    logger
  )
  await app.listen({ host: config.host, port: config.port })
  const { port } = app.server.address() as AddressInfo
  return {
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    async close() {
      await app.close()
      following.close()
      await queues.close()
      connection.disconnect()
    }
  }
}
