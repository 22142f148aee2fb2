import { randomUUID } from 'node:crypto'
import type { Redis } from './connect-redis.ts'

/** The right to act for one name, for as long as it is renewed. */
export interface Lease {
  /** Higher than that of every earlier holder. */
  fence: number
  /** The fence given out before this one; equal to one's own last fence when nobody held the lease in between. */
  previousFence: number
  /** How much time is surely left, by our own clock. */
  remainingMs(): number
  release(): Promise<void>
}

export interface LeaseOptions {
  durationMs: number
  /**
   * A Redis that lost its memory does not know who holds a lease. So on a young one we wait until every lease from
   * before has ended; not needed where only one process can exist.
   */
  waitOnYoungRedis: boolean
}

// fence = max(Redis' time, last + 1, floor): an emptied Redis never goes back.
const acquireScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local duration = tonumber(ARGV[2])
redis.call('SET', KEYS[3], string.format('%.0f', now), 'NX')
if ARGV[4] == '1' and now - tonumber(redis.call('GET', KEYS[3])) < duration then return nil end
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', duration) then return nil end
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local fence = math.max(now, last + 1, tonumber(ARGV[3]))
redis.call('SET', KEYS[2], string.format('%.0f', fence))
return {string.format('%.0f', fence), string.format('%.0f', last)}`

const renewScript = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`

/** Gives out leases; each is renewed until it is released or lost. */
export function createLeases(redis: Redis, { durationMs, waitOnYoungRedis }: LeaseOptions) {
  return {
    /** The lease, or null when another holds it. `floor` is the lowest fence that may be given. */
    async acquire(name: string, floor: number): Promise<Lease | null> {
      const holder = randomUUID()
      const key = `lautta:lease:${name}`
      // Counted from before the question: the answer may have taken long.
      let until = performance.now() + durationMs
      const keys = [key, `lautta:fence:${name}`, 'lautta:born']
      const answer = (await redis.eval(
        acquireScript,
        keys.length,
        ...keys,
        holder,
        durationMs,
        floor,
        waitOnYoungRedis ? 1 : 0
      )) as [string, string] | null
      if (answer === null) return null
      // For ever, also when the answer to an earlier renewal comes later.
      let isOver = false
      const end = (): void => {
        isOver = true
        clearInterval(timer)
      }
      const renew = async (): Promise<void> => {
        const asked = performance.now()
        const renewed = await redis.eval(renewScript, 1, key, holder, durationMs).catch(() => 0)
        // A renewal that fails is a lost lease at once.
        if (renewed === 1) until = asked + durationMs
        else end()
      }
      const timer = setInterval(() => void renew(), durationMs / 3)
      return {
        fence: Number(answer[0]),
        previousFence: Number(answer[1]),
        remainingMs: () => (isOver ? 0 : Math.max(0, until - performance.now())),
        async release() {
          end()
          // When Redis is away the lease ends by itself.
          await redis.eval(releaseScript, 1, key, holder).catch(() => {})
        }
      }
    }
  }
}
export type Leases = ReturnType<typeof createLeases>
