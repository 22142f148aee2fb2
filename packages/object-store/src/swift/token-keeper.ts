import { StorageError } from '@lautta/core/errors'
import type { Login } from './keystone.ts'

/** Keeps a token that is good, for all requests together. */
export interface TokenKeeper {
  current(): Promise<Login>
  /** Another one than this, which the store did not accept. */
  replace(refused: Login): Promise<Login>
  /** Says that this one was not accepted: the next request waits for another. */
  drop(refused: Login): void
}

const longestMarginMs = 60_000
// Keystone may lock a user out who comes with a wrong password again and again.
const leaveInPeaceMs = 30_000

/**
 * A token is renewed while there is still a tenth of its life left, or a minute of it, without anybody waiting: when that
 * fails, the one that is there goes on.
 */
export function createTokenKeeper(logIn: () => Promise<Login>): TokenKeeper {
  let kept: { login: Login; renewFromMs: number; endsMs: number } | null = null
  let renewal: Promise<Login> | null = null
  let refusal: { error: StorageError; untilMs: number } | null = null

  const renew = async (): Promise<Login> => {
    const askedMs = performance.now()
    if (refusal !== null && askedMs < refusal.untilMs) throw refusal.error
    try {
      const login = await logIn()
      const endsMs = askedMs + login.lifeMs
      kept = { login, endsMs, renewFromMs: endsMs - Math.min(login.lifeMs / 10, longestMarginMs) }
      return login
    } catch (error) {
      if (error instanceof StorageError && error.reason === 'credentials')
        refusal = { error, untilMs: performance.now() + leaveInPeaceMs }
      throw error
    }
  }
  const renewTogether = (): Promise<Login> => {
    renewal ??= renew().finally(() => {
      renewal = null
    })
    return renewal
  }

  return {
    async current() {
      const nowMs = performance.now()
      if (kept === null || nowMs >= kept.endsMs) return renewTogether()
      // Its failure is told when nothing else is left.
      if (nowMs >= kept.renewFromMs) renewTogether().catch(() => {})
      return kept.login
    },
    async replace(refused) {
      if (kept !== null && kept.login !== refused) return kept.login
      kept = null
      return renewTogether()
    },
    drop(refused) {
      if (kept?.login === refused) kept = null
    }
  }
}
