import { RefusedError } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import { complaintAboutPrefix } from '@lautta/core/object-path'
import type { Listing, ListOptions, ObjectEntry } from '../object-store.ts'
import { listFolder } from './list-folder.ts'

const listLimit = 10_000
// Files that a listing has open at once.
const mostOpen = 64

type Describe = (path: string) => Promise<ObjectEntry | null>

/** The objects of a bucket's folder, as the port lists them. */
export async function listObjects(
  folder: string,
  describe: Describe,
  { prefix = '', delimiter, after = '', limit = listLimit }: ListOptions = {}
): Promise<Listing> {
  const complaint = complaintAboutPrefix(prefix)
  if (complaint !== null) throw new RefusedError(`${prefix}: ${complaint}`)
  // One more tells whether there is a next part.
  const names = await listFolder(folder, { prefix, fold: delimiter !== undefined, after, most: limit + 1 })
  const part = names.slice(0, limit)
  const files = part.filter((name) => !name.endsWith('/'))
  const infos = await mapLimited(files, mostOpen, describe)
  return {
    objects: infos
      .filter((info) => info !== null)
      .map(({ path, usedBytes, etag, modifiedAt }) => ({ path, usedBytes, etag, modifiedAt })),
    prefixes: part.filter((name) => name.endsWith('/')),
    next: names.length > limit ? (part.at(-1) ?? null) : null
  }
}
