import { setTimeout as pause } from 'node:timers/promises'
import { UnavailableError } from '@lautta/core/errors'

// A connection that was lost is tried again after five seconds at the soonest (ssh/remember-failure.ts).
const pausesMs = [500, 5500, 11_000]

/** Decides whether a transfer goes on after a lost connection. */
interface Patience {
  /** Something arrived. */
  progressed(): void
  /** Waits before it goes on; throws when that is of no use: for another reason, or again and again without progress. */
  wait(cause: unknown): Promise<void>
}

/** Patience with one transfer. */
export function createPatience(): Patience {
  let losses = 0
  return {
    progressed() {
      losses = 0
    },
    async wait(cause) {
      const pauseMs = pausesMs[losses++]
      if (!(cause instanceof UnavailableError) || pauseMs === undefined) throw cause
      await pause(pauseMs)
    }
  }
}

/** Does something that may be done again, until it succeeds or patience ends. */
export async function withPatience<Result>(act: () => Promise<Result>): Promise<Result> {
  const patience = createPatience()
  for (;;) {
    try {
      return await act()
    } catch (cause) {
      await patience.wait(cause)
    }
  }
}
