import { complaintAboutPath } from '@lautta/core/object-path'
import type { Listing, ListOptions, ObjectEntry } from '../object-store.ts'
import type { SwiftAccount } from './account.ts'
import { fetchListing, modifiedAtOf, mostLines, nameOf, type ObjectLine } from './fetch-listing.ts'
import { headObject } from './get-object.ts'

// RGW cuts a listing at 1,000 lines, whatever is asked for, and does not say so; its operator may have set another number.
const fewestLinesOfMore = 100
const emptyMd5 = 'd41d8cd98f00b204e9800998ecf8427e'

/** A part of a bucket's listing, as the port has it. */
export async function listObjects(account: SwiftAccount, bucket: string, options: ListOptions): Promise<Listing> {
  // One line more than is wanted tells whether there is more.
  const limit = Math.min(options.limit ?? mostLines, mostLines - 1)
  const lines = await fetchListing(account, bucket, { ...options, limit: limit + 1 })
  const part = lines.slice(0, limit)
  const folders = part.flatMap((line) => ('subdir' in line ? [line.subdir] : []))
  const last = part.at(-1)
  const isLast = lines.length < Math.min(limit + 1, fewestLinesOfMore)
  return {
    objects: await describeLines(
      account,
      bucket,
      part.flatMap((line) => ('subdir' in line ? [] : [line]))
    ),
    // Swift names the folder again that `after` lies in.
    prefixes: folders.filter((folder) => isName(folder.slice(0, -1)) && isBehind(folder, options.after ?? '')),
    next: last === undefined || isLast ? null : nameOf(last)
  }
}

async function describeLines(account: SwiftAccount, bucket: string, lines: readonly ObjectLine[]): Promise<ObjectEntry[]> {
  const entries = lines
    .filter(({ name }) => isName(name))
    .map(async (line): Promise<ObjectEntry[]> => {
      const plain = { path: line.name, usedBytes: line.bytes, etag: line.hash, modifiedAt: modifiedAtOf(line) }
      if (!isManifest(line)) return [plain]
      const found = await headObject(account, bucket, line.name)
      if (found === null) return []
      const { path, usedBytes, etag, modifiedAt } = found.info
      return [{ path, usedBytes, etag, modifiedAt }]
    })
  return (await Promise.all(entries)).flat()
}

/** Other programs may put objects under names that nobody could ask this store for. */
function isName(name: string): boolean {
  return complaintAboutPath(name) === null
}

/** Whether the listing tells of a manifest and not of the large object: RGW names its length, but not its content's MD5. */
function isManifest({ hash, bytes, slo_etag }: ObjectLine): boolean {
  return slo_etag !== undefined || (hash === emptyMd5 && bytes > 0)
}

function isBehind(name: string, after: string): boolean {
  return Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0
}
