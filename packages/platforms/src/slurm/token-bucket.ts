/** How many may begin: `burst` at once, and `perSecond` for ever. */
export interface Rate {
  perSecond: number
  burst: number
}

/** What was in a bucket at a moment. */
export interface TokenBucket {
  tokens: number
  atMs: number
}

/** What is in it now: it fills evenly, up to the burst. A clock that was set back adds nothing. */
export function tokensAt({ perSecond, burst }: Rate, { tokens, atMs }: TokenBucket, nowMs: number): number {
  return Math.min(burst, tokens + (Math.max(0, nowMs - atMs) * perSecond) / 1000)
}

/**
 * How long until so many may be taken. More than the burst are taken from a full bucket, which then owes the rest: so
 * they need not wait for ever, and who comes next pays.
 */
export function waitForTokensMs(rate: Rate, bucket: TokenBucket, wanted: number, nowMs: number): number {
  const lacking = Math.min(wanted, rate.burst) - tokensAt(rate, bucket, nowMs)
  return Math.max(0, (lacking * 1000) / rate.perSecond)
}
