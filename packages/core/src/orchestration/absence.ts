/** Since when a request has not been in its bucket, as far as was looked. */
export interface Absence {
  sinceMs: number
  lastSeenMs: number
}

// Notebooks of seed 000 delete, and then put.
const countsAfterMs = 30_000
// Between two looks that lie further apart it may have been there.
const mostBetweenLooksMs = 60_000

/** The absence after another look that did not find the request. */
export function stillAbsent(before: Absence | undefined, nowMs: number): Absence {
  const isOne = before !== undefined && nowMs - before.lastSeenMs <= mostBetweenLooksMs
  return { sinceMs: isOne ? before.sinceMs : nowMs, lastSeenMs: nowMs }
}

/** Whether the request was taken away, and is not just being replaced. */
export function isTakenAway({ sinceMs, lastSeenMs }: Absence): boolean {
  return lastSeenMs - sinceMs >= countsAfterMs
}
