import type { ServerResponse } from 'node:http'
import type { Change } from '@lautta/queue/changes'
import { z } from 'zod'

// Also finds what Redis did not tell.
const lookAgainMs = 10_000
const mostSeconds = 300

/** How long an answer may be waited for. */
export const waitQuery = z.strictObject({
  wait: z.coerce
    .number()
    .min(0)
    .max(mostSeconds)
    .default(0)
    .describe('how many seconds to wait for an end; what is then is answered, also when it has not come')
})

interface Waiting {
  listen(onChange: (change: Change) => void): () => void
  /** The order at which is looked again when it changes. */
  of: Change
  seconds: number
  /** Nobody waits any more when this is closed. */
  response: ServerResponse
}

/** Looks at an order until what is found is as it should be, or the time is over, and answers what was found last. */
export async function waitFor<Found>(
  look: () => Promise<Found>,
  isReached: (found: Found) => boolean,
  { listen, of, seconds, response }: Waiting
): Promise<Found> {
  const untilMs = performance.now() + seconds * 1000
  let hasChanged = false
  let wake = (): void => {}
  const unlisten = listen(({ user, id, log }) => {
    if (user !== of.user || id !== of.id || log !== undefined) return
    hasChanged = true
    wake()
  })
  const onClose = (): void => wake()
  response.once('close', onClose)
  try {
    for (;;) {
      hasChanged = false
      const found = await look()
      const leftMs = untilMs - performance.now()
      if (isReached(found) || leftMs <= 0 || response.destroyed) return found
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        wake = resolve
        timer = setTimeout(resolve, Math.min(leftMs, lookAgainMs))
        // What was told during the look is seen by the next one.
        if (hasChanged) resolve()
      })
      clearTimeout(timer)
    }
  } finally {
    unlisten()
    response.off('close', onClose)
  }
}
