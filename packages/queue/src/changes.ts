import { connectPatientRedis, type Redis, type RedisAddress } from './connect-redis.ts'
import { withinDeadline } from './deadline.ts'

/** What changed: an order of a user. */
export interface Change {
  user: string
  id: string
  /** Only what was brought of this job's log and accounting is new: nothing in the order's own documents. */
  log?: { platform: string; index: number }
}

const mostAtOnce = 100_000
const channel = 'lautta:changes'
const keyOf = (user: string, platform: string) => `lautta:changed:${JSON.stringify([user, platform])}`

/**
 * Hints about what changed. Redis only says *that* something changed; what, stands in the object store, so a lost hint
 * costs time and nothing else.
 */
export function createChanges(redis: Redis) {
  return {
    /** Tells followers that an order's documents changed. */
    async tell(change: Change): Promise<void> {
      await withinDeadline(redis.publish(channel, JSON.stringify(change)))
    },
    /** Remembers that the submitter should look at an order again. */
    async remember(user: string, platform: string, id: string): Promise<void> {
      await withinDeadline(redis.sadd(keyOf(user, platform), id))
    },
    /** Takes what is to be looked at again. Taken before it is read: a change that comes later is remembered anew. */
    take(user: string, platform: string): Promise<string[]> {
      return withinDeadline(redis.spop(keyOf(user, platform), mostAtOnce))
    }
  }
}
export type Changes = ReturnType<typeof createChanges>

/** Hears of changes until it is closed; what is told while Redis is away is not heard. */
export function followChanges(address: RedisAddress, onChange: (change: Change) => void): { close(): void } {
  const redis = connectPatientRedis(address)
  redis.on('message', (_channel, message) => onChange(JSON.parse(message) as Change))
  // Repeated by ioredis itself after each reconnect.
  redis.subscribe(channel).catch(() => {})
  return { close: () => redis.disconnect() }
}
