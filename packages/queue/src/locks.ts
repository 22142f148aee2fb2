import { randomUUID } from 'node:crypto'
import { UnavailableError } from '@lautta/core/errors'
import type { Redis } from './connect-redis.ts'
import { withinDeadline } from './deadline.ts'

const pauseMs = 25
const renewScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`
const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`

/**
 * Mutual exclusion between processes. A lock is renewed while the work goes on; that of a holder who died ends after
 * `durationMs`, which is also how long is waited for one.
 */
export function createLocks(redis: Redis, durationMs = 30_000) {
  return {
    /**
     * Does the work while nobody else does any under that name; `lost` tells that somebody else may, since Redis forgot
     * the lock or was away for too long. Throws UnavailableError when Redis is away.
     */
    async withLock<Result>(name: string, work: (lost: AbortSignal) => Promise<Result>): Promise<Result> {
      const key = `lautta:lock:${name}`
      const holder = randomUUID()
      const until = performance.now() + durationMs
      while ((await withinDeadline(redis.set(key, holder, 'PX', durationMs, 'NX'))) === null) {
        if (performance.now() > until) throw new UnavailableError(`the lock ${name} is not given back`)
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
      const losing = new AbortController()
      let renewedAtMs = performance.now()
      const renew = async (): Promise<void> => {
        const atMs = performance.now()
        // Null: Redis does not answer, and the lock may still be there.
        const isOurs = await withinDeadline(redis.eval(renewScript, 1, key, holder, durationMs)).catch(() => null)
        if (isOurs === 1) renewedAtMs = atMs
        if (isOurs === 0 || performance.now() - renewedAtMs >= durationMs) losing.abort()
      }
      const timer = setInterval(() => void renew(), durationMs / 3)
      try {
        return await work(losing.signal)
      } finally {
        clearInterval(timer)
        // When Redis is away the lock ends by itself.
        await withinDeadline(redis.eval(releaseScript, 1, key, holder)).catch(() => {})
      }
    }
  }
}
export type Locks = ReturnType<typeof createLocks>
