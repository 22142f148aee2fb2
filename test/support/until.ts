import { setTimeout as pause } from 'node:timers/promises'

/** Waits for a condition and answers it; the test's own bound is the only one. */
export async function until<Value>(look: () => Value | Promise<Value>, pauseMs = 20): Promise<NonNullable<Value>> {
  for (;;) {
    const value = await look()
    if (value) return value
    await pause(pauseMs)
  }
}
