import { Redis, type RedisOptions } from 'ioredis'

/** Where Redis listens: an URL, or the unix socket of the embedded one. */
export type RedisAddress = { url: string } | { path: string }

export type { Redis } from 'ioredis'

/**
 * A connection that fails at once while Redis is away: who asks has other work to do. It reconnects by itself.
 */
export function connectRedis(address: RedisAddress): Redis {
  return connect(address, { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: 5000 })
}

/** A connection for workers and subscribers, which wait for Redis as long as it takes. */
export function connectPatientRedis(address: RedisAddress): Redis {
  return connect(address, { maxRetriesPerRequest: null })
}

function connect(
  address: RedisAddress,
  patience: Pick<RedisOptions, 'maxRetriesPerRequest' | 'enableOfflineQueue' | 'commandTimeout'>
): Redis {
  const options = { ...patience, retryStrategy: (attempt: number) => Math.min(attempt * 50, 1000) }
  // ioredis takes a socket's path where it takes an URL.
  const redis = new Redis('path' in address ? address.path : address.url, options)
  // Each command tells its own failure; an unheard 'error' event would end the process.
  redis.on('error', () => {})
  return redis
}

/** Resolves when the connection can take commands, or after `timeoutMs`, whichever comes first. */
export async function waitForRedis(redis: Redis, timeoutMs: number): Promise<boolean> {
  if (redis.status === 'ready') return true
  let timer: NodeJS.Timeout | undefined
  const ready = new Promise<boolean>((resolve) => {
    redis.once('ready', () => resolve(true))
    timer = setTimeout(() => resolve(false), timeoutMs)
  })
  const result = await ready
  clearTimeout(timer)
  return result
}
