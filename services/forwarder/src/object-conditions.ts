import type { IncomingHttpHeaders } from 'node:http'
import type { ObjectInfo } from '@lautta/object-store/object-store'

type Current = Pick<ObjectInfo, 'etag' | 'modifiedAt'>

/** Whether a request is to be done only when something holds of what is there. */
export function isConditional(headers: IncomingHttpHeaders): boolean {
  const { 'if-match': match, 'if-none-match': noneMatch, 'if-modified-since': since, 'if-unmodified-since': unsince } = headers
  return [match, noneMatch, since, unsince].some((header) => header !== undefined)
}

/**
 * The condition of a request that does not hold of the object that is there, or null. An ETag wins over a time, as in
 * RFC 9110; a time that is none is passed over.
 */
export function failedCondition(
  headers: IncomingHttpHeaders,
  current: Current | null
): 'if-match' | 'if-unmodified-since' | 'if-none-match' | 'if-modified-since' | null {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers
  const modifiedMs = current === null ? Number.NaN : wholeSeconds(Date.parse(current.modifiedAt))
  if (match !== undefined) {
    if (!isNamed(match, current)) return 'if-match'
  } else if (modifiedMs > dateOf(headers['if-unmodified-since'])) return 'if-unmodified-since'
  if (noneMatch !== undefined) {
    // An ETag of ours is never weak, but a proxy that compresses may have made it so.
    return isNamed(noneMatch.replaceAll('W/', ''), current) ? 'if-none-match' : null
  }
  return modifiedMs <= dateOf(headers['if-modified-since']) ? 'if-modified-since' : null
}

/** Whether the header names the object that is there: `*`, or one of several ETags, also as `hash` in a listing. */
function isNamed(header: string, current: Current | null): boolean {
  if (current === null) return false
  const tags = header.split(',').map((tag) => tag.trim())
  return tags.some((tag) => tag === '*' || tag === current.etag || tag === `"${current.etag}"`)
}

function dateOf(header: string | undefined): number {
  return header === undefined ? Number.NaN : Date.parse(header)
}

// HTTP's times have no fractions.
function wholeSeconds(ms: number): number {
  return ms - (ms % 1000)
}
