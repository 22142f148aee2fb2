import { randomBytes } from 'node:crypto'

/** A segment of a large object, as its manifest names it. */
export interface Segment {
  path: string
  etag: string
  usedBytes: number
}

/**
 * The bucket of the segments of a bucket's large objects. It has the name that python-swiftclient gives it; the
 * underscore keeps it apart from all of our buckets, in whose names there is none.
 */
export const segmentsBucket = (bucket: string): string => `${bucket}_segments`

/** The name of an upload, which no other one has. */
export const newUploadName = (): string => `${Date.now()}-${randomBytes(8).toString('hex')}`

/** Where a segment of an upload lies. */
export const segmentPath = (path: string, upload: string, index: number): string =>
  `${path}/${upload}/${String(index).padStart(5, '0')}`

/** What an upload's name and a segment's number take of the length of a path. */
export const longestSuffixBytes = segmentPath('', newUploadName(), 0).length

/** Of which upload a segment is; null: it is not one of ours. */
export function parseSegmentPath(segment: string): { path: string; upload: string } | null {
  const [, path, upload] = /^(.+)\/(\d{13}-[0-9a-f]{16})\/\d{5}$/s.exec(segment) ?? []
  return path === undefined || upload === undefined ? null : { path, upload }
}
