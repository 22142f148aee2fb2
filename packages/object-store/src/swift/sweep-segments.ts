import type { SwiftAccount } from './account.ts'
import { fetchListing, type ListingLine, modifiedAtOf, nameOf } from './fetch-listing.ts'
import { headObject } from './get-object.ts'
import { parseSegmentPath, segmentsBucket } from './segments.ts'

/** The segments of one upload. */
interface UploadSegments {
  path: string
  upload: string
  segments: string[]
  newestMs: number
}

/**
 * Removes the segments that no large object has: of uploads that broke off, and of objects that were replaced. They are
 * left alone while one of them, or what has replaced the object, is younger than `before`: an upload may go on, and who
 * reads the former object is to come to its end. So `before` has to be longer ago than the longest pause of an upload.
 */
export async function sweepSegments(account: SwiftAccount, bucket: string, before: Date): Promise<number> {
  let removed = 0
  for (const found of await findUploads(account, segmentsBucket(bucket))) {
    // What belongs to the object is looked up after the listing, which may have seen an upload whose manifest came later.
    if (found.newestMs >= before.getTime() || (await isNeeded(account, bucket, found, before))) continue
    for (const path of found.segments) {
      const answer = await account.send({ method: 'DELETE', bucket: segmentsBucket(bucket), path, accept: [404] })
      await answer.body.dump()
      if (answer.status !== 404) removed++
    }
  }
  return removed
}

async function findUploads(account: SwiftAccount, bucket: string): Promise<UploadSegments[]> {
  const uploads = new Map<string, UploadSegments>()
  let lines = await fetchListing(account, bucket, {})
  // How many come at once is the server's affair.
  for (let last = lines.at(-1); last !== undefined; last = lines.at(-1)) {
    for (const line of lines) addSegment(uploads, line)
    lines = await fetchListing(account, bucket, { after: nameOf(last) })
  }
  return [...uploads.values()]
}

function addSegment(uploads: Map<string, UploadSegments>, line: ListingLine): void {
  const parsed = 'subdir' in line ? null : parseSegmentPath(line.name)
  if ('subdir' in line || parsed === null) return
  const found = uploads.get(parsed.upload) ?? { ...parsed, segments: [], newestMs: 0 }
  found.segments.push(line.name)
  found.newestMs = Math.max(found.newestMs, Date.parse(modifiedAtOf(line)))
  uploads.set(parsed.upload, found)
}

async function isNeeded(account: SwiftAccount, bucket: string, found: UploadSegments, before: Date): Promise<boolean> {
  const object = await headObject(account, bucket, found.path)
  if (object === null) return false
  // Somebody else's large object, or one whose metadata were replaced, does not tell which segments it has.
  if (object.isLarge && object.upload === undefined) return true
  return object.upload === found.upload || Date.parse(object.info.modifiedAt) >= before.getTime()
}
