import { RefusedError } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import { complaintAboutPrefix } from '@lautta/core/object-path'
import type { Listing, ListOptions, ObjectInfo } from '../object-store.ts'
import { listFolder } from './list-folder.ts'

const listLimit = 10_000
// Files that a listing has open at once.
const mostOpen = 64

type Head = (path: string) => Promise<ObjectInfo | null>

/** The objects of a bucket's folder, as the port lists them. */
export async function listObjects(
  folder: string,
  head: Head,
  { prefix = '', delimiter, after = '', limit = listLimit }: ListOptions = {}
): Promise<Listing> {
  const complaint = complaintAboutPrefix(prefix)
  if (complaint !== null) throw new RefusedError(`${prefix}: ${complaint}`)
  const all = await listFolder(folder, prefix, delimiter !== undefined)
  const names = all.filter((name) => Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0)
  const part = names.slice(0, limit)
  const files = part.filter((name) => !name.endsWith('/'))
  const infos = await mapLimited(files, mostOpen, head)
  return {
    objects: infos
      .filter((info) => info !== null)
      .map(({ path, usedBytes, etag, modifiedAt }) => ({ path, usedBytes, etag, modifiedAt })),
    prefixes: part.filter((name) => name.endsWith('/')),
    next: names.length > limit ? (part.at(-1) ?? null) : null
  }
}
