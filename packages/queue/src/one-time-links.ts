import { createHash, randomBytes } from 'node:crypto'
import type { Redis } from './connect-redis.ts'
import { withinDeadline } from './deadline.ts'

// Who can read Redis can not enter by what stands there.
const keyOf = (secret: string): string => `lautta:link:${createHash('sha256').update(secret).digest('base64url')}`

/** Secrets that open something once, within a while. That Redis forgets them costs a new link. */
export function createOneTimeLinks(redis: Redis) {
  return {
    /** A secret for what it opens. */
    async make(opens: object, seconds: number): Promise<string> {
      const secret = randomBytes(32).toString('base64url')
      await withinDeadline(redis.set(keyOf(secret), JSON.stringify(opens), 'EX', seconds))
      return secret
    },
    /** What a secret opens, for the first who asks; null when there is no such secret, or not any more. */
    async take(secret: string): Promise<unknown> {
      const opens = await withinDeadline(redis.getdel(keyOf(secret)))
      return opens === null ? null : JSON.parse(opens)
    }
  }
}
export type OneTimeLinks = ReturnType<typeof createOneTimeLinks>
