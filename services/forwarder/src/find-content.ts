import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { ByteRange, ObjectInfo, ObjectStore } from '@lautta/object-store/object-store'
import { failedCondition, isConditional } from './object-conditions.ts'
import { fitRange, parseRange } from './parse-range.ts'
import { Problem } from './problem.ts'

interface Place {
  bucket: string
  path: string
}

/** What a GET comes to: the client has it already, the object ends before the range, or it is sent, or a part of it. */
export type FoundContent =
  | { kind: 'known'; info: ObjectInfo }
  | { kind: 'too short'; info: ObjectInfo }
  | { kind: 'whole'; info: ObjectInfo; content: Readable }
  | { kind: 'part'; info: ObjectInfo; content: Readable; part: Required<ByteRange> }

/** Finds what the headers of a GET ask for; with one question to the store, unless it depends on what is there. */
export async function findContent(store: ObjectStore, place: Place, headers: IncomingHttpHeaders): Promise<FoundContent> {
  const asked = parseRange(headers.range)
  if (!isConditional(headers) && headers['if-range'] === undefined && (asked === null || 'first' in asked))
    return openContent(store, place, asked)
  const info = await findObject(store, place)
  if (isKnown(headers, info)) return { kind: 'known', info }
  if (asked === null || !isSame(headers['if-range'], info)) return openContent(store, place, null, info)
  const part = fitRange(asked, info.usedBytes)
  return part === null ? { kind: 'too short', info } : openContent(store, place, part, info)
}

/** What is known of an object; throws when it is not there. */
export async function findObject(store: ObjectStore, { bucket, path }: Place): Promise<ObjectInfo> {
  const info = await store.head(bucket, path)
  if (info === null) throw unknownObject(path)
  return info
}

/** Whether the client has the object already; throws when it wants another one. */
export function isKnown(headers: IncomingHttpHeaders, info: ObjectInfo): boolean {
  const failed = failedCondition(headers, info)
  if (failed === 'if-match' || failed === 'if-unmodified-since') {
    const errors = [{ path: failed, message: 'the condition does not hold' }]
    throw new Problem(412, `${info.path} has the ETag "${info.etag}" and is of ${info.modifiedAt}`, { errors })
  }
  return failed !== null
}

/** The time of an object as HTTP writes it. */
export function lastModified({ modifiedAt }: ObjectInfo): string {
  return new Date(modifiedAt).toUTCString()
}

async function openContent(
  store: ObjectStore,
  { bucket, path }: Place,
  range: ByteRange | null,
  seen?: ObjectInfo
): Promise<FoundContent> {
  const found = await store.get(bucket, path, range ?? undefined)
  if (found === null) throw unknownObject(path)
  const { info, content } = found
  if (seen !== undefined && seen.etag !== info.etag) {
    content.destroy()
    throw new Problem(503, `${path} was replaced in this moment`, { hint: 'ask once more' })
  }
  if (range === null) return { kind: 'whole', info, content }
  const part = fitRange(range, info.usedBytes)
  if (part !== null) return { kind: 'part', info, content, part }
  content.destroy()
  return { kind: 'too short', info }
}

/** A part goes with the rest of the same object only. */
function isSame(asked: IncomingHttpHeaders[string], info: ObjectInfo): boolean {
  return asked === undefined || asked === `"${info.etag}"` || asked === lastModified(info)
}

function unknownObject(path: string): Problem {
  return new Problem(404, `there is no object ${path}`)
}
