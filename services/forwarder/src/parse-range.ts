import type { ByteRange } from '@lautta/object-store/object-store'

/** One range as a client asks for it: from a byte on, or so many at the end. */
export type AskedRange = ByteRange | { lastBytes: number }

// What is more is behind the end of every object.
const mostBytes = Number.MAX_SAFE_INTEGER

/** Reads a Range header with one range; null when there is none that we know, which HTTP allows to ignore. */
export function parseRange(header: string | undefined): AskedRange | null {
  const [, start, end] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (start === undefined || end === undefined || (start === '' && end === '')) return null
  if (start === '') return { lastBytes: Number(end) }
  const first = Math.min(Number(start), mostBytes)
  if (end === '') return { first }
  const last = Math.min(Number(end), mostBytes)
  return last < first ? null : { first, last }
}

/** The bytes that a range has in an object of this size; null when it has none. */
export function fitRange(range: AskedRange, usedBytes: number): Required<ByteRange> | null {
  const first = 'lastBytes' in range ? Math.max(0, usedBytes - range.lastBytes) : range.first
  const last = Math.min('lastBytes' in range ? mostBytes : (range.last ?? mostBytes), usedBytes - 1)
  return first > last ? null : { first, last }
}
