import { createHmac, timingSafeEqual } from 'node:crypto'

// Long enough for clocks that differ a little, short enough that a line which somebody saw is soon worth nothing.
const validForMs = 60_000

/** The longest that a first line may be, from either side. */
export const mostLineBytes = 1024

/**
 * The line by which the forwarder shows, at the beginning of a connection to a forward's port, that it asks in its owner's
 * name. Who sees it can use it again within a minute, and for no other forward.
 */
export function writePreamble(key: Buffer, forwardId: string, now: Date): string {
  const claim = `LAUTTA/1 ${forwardId} ${now.getTime() + validForMs}`
  return `${claim} ${hmacOf(key, claim)}`
}

/** Whether a line is a preamble for this forward, and not too old. */
export function isPreamble(key: Buffer, forwardId: string, line: string, now: Date): boolean {
  const [, claim = '', expires = '', hmac = ''] = /^(LAUTTA\/1 [0-9a-z]+ (\d{1,15})) (\S+)$/.exec(line) ?? []
  const expected = Buffer.from(hmacOf(key, claim))
  const found = Buffer.from(hmac)
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) return false
  return claim === `LAUTTA/1 ${forwardId} ${expires}` && now.getTime() < Number(expires)
}

const accepted = 'LAUTTA/1 open'
const refused = 'LAUTTA/1 closed '

/** The line with which a forward's port answers a preamble; `reason` is why the service can not be reached, or null. */
export function writePreambleAnswer(reason: string | null): string {
  if (reason === null) return accepted
  const words = reason.replace(/\s+/g, ' ')
  // Of a letter that is cut in two a mark of three bytes is left.
  const cut = Buffer.from(words).subarray(0, mostLineBytes - refused.length - 2)
  return refused + cut.toString('utf8')
}

/** What such a line says: null when the bytes that follow are the service's own, else why there are none. */
export function readPreambleAnswer(line: string): string | null {
  if (line === accepted) return null
  return line.startsWith(refused) ? line.slice(refused.length) : 'its port does not answer as Lautta does'
}

function hmacOf(key: Buffer, claim: string): string {
  return createHmac('sha256', key).update(claim).digest('base64url')
}
