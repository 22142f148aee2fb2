import { createHash, createHmac, type Hash, type Hmac, randomBytes } from 'node:crypto'

// Crockford's base 32 in lower case: no i, l, o, u, so an id survives being read aloud.
const digits = '0123456789abcdefghjkmnpqrstvwxyz'

/** A new ULID in lower case: 48 bits of time, 80 of chance; ids sort by the time they were made. */
export function createId(now: Date): string {
  const time = encodeBase32(BigInt(now.getTime()), 10)
  const chance = encodeBase32(BigInt(`0x${randomBytes(10).toString('hex')}`), 16)
  return time + chance
}

/** The id that a user's Idempotency-Key always gives; shaped like a ULID, without a time. */
export function deriveId(user: string, idempotencyKey: string): string {
  return toBase32(createHash('sha256'), ['idempotency-key', user, idempotencyKey], 26)
}

/** The id of the order that a user's Ray job on a cluster always has, by the submission id of its first attempt. */
export function deriveRayJobOrderId(user: string, cluster: string, submissionId: string): string {
  return toBase32(createHash('sha256'), ['ray-job', user, cluster, submissionId], 26)
}

/** The first `length` base 32 digits of an HMAC over the parts; at 20 digits, 100 bits. */
export function keyedBase32(key: Buffer, parts: readonly string[], length: number): string {
  return toBase32(createHmac('sha256', key), parts, length)
}

function toBase32(hash: Hash | Hmac, parts: readonly string[], length: number): string {
  const digest = hash.update(JSON.stringify(parts)).digest('hex')
  return encodeBase32(BigInt(`0x${digest}`), 52).slice(0, length)
}

function encodeBase32(value: bigint, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest >>= 5n) text = digits[Number(rest & 31n)] + text
  return text
}
