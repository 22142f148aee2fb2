import { randomUUID } from 'node:crypto'
import { UnavailableError } from '@lautta/core/errors'
import type { Redis } from './connect-redis.ts'
import { withinDeadline } from './deadline.ts'

const durationMs = 30_000
const pauseMs = 25
const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`

/** Short mutual exclusion between processes. */
export function createLocks(redis: Redis) {
  return {
    /** Does the work while nobody else does any under that name. Throws UnavailableError when Redis is away. */
    async withLock<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
      const key = `lautta:lock:${name}`
      const holder = randomUUID()
      const until = performance.now() + durationMs
      while ((await withinDeadline(redis.set(key, holder, 'PX', durationMs, 'NX'))) === null) {
        if (performance.now() > until) throw new UnavailableError(`the lock ${name} is not given back`)
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
      try {
        return await work()
      } finally {
        // When Redis is away the lock ends by itself.
        await withinDeadline(redis.eval(releaseScript, 1, key, holder)).catch(() => {})
      }
    }
  }
}
export type Locks = ReturnType<typeof createLocks>
