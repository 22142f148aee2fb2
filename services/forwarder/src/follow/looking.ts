import { setTimeout as pause } from 'node:timers/promises'
import { createWaiting } from './waiting.ts'

// Between two looks, however often they are asked for.
const leastPauseMs = 200

/**
 * Looks again and again, one look at a time: after as many milliseconds as a look answers (null: never), and when it is
 * asked to. What is asked for during a look is seen by the next one.
 */
export function startLooking(look: () => Promise<number | null>) {
  const closing = new AbortController()
  const { signal } = closing
  const asked = createWaiting()
  let isAsked = false

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      isAsked = false
      const ms = await look()
      await pause(leastPauseMs, undefined, { signal }).catch(() => {})
      if (!isAsked) await asked.wait({ ms, signal })
    }
  }
  const running = run()

  return {
    again(): void {
      isAsked = true
      asked.wake()
    },
    isClosed: (): boolean => signal.aborted,
    /** Waits for the look that is under way. */
    async close(): Promise<void> {
      closing.abort()
      await running
    }
  }
}
