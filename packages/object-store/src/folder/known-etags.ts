import type { BigIntStats } from 'node:fs'
import type { ObjectEntry } from '../object-store.ts'
import { statOf } from './open-file.ts'

// Some 30 MB of memory.
const mostKnown = 200_000
// File systems give times in steps: what was changed in this time may be changed again without being seen.
const restMs = 2000

type Describe = () => Promise<ObjectEntry | null>

/**
 * Remembers the ETags of files that did not change, so that a listing asks the file system once for each of them, in place
 * of opening it and its sidecar. A file is the same as long as its place on the disk, its size and the time of its last
 * change are; that time nobody can set.
 */
export function createKnownEtags(now: () => number = Date.now) {
  const known = new Map<string, string>()

  return async (file: string, path: string, describe: Describe): Promise<ObjectEntry | null> => {
    const found = await statOf(file)
    if (found === null || !found.isFile()) return null
    const identity = identify(found)
    const etag = known.get(identity)
    if (etag !== undefined) return { path, usedBytes: Number(found.size), etag, modifiedAt: found.mtime.toISOString() }
    const isAtRest = now() - found.ctime.getTime() > restMs
    const described = await describe()
    const later = isAtRest && described !== null ? await statOf(file) : null
    if (described === null || later === null || identify(later) !== identity) return described
    known.set(identity, described.etag)
    for (const oldest of known.keys()) {
      if (known.size <= mostKnown) break
      known.delete(oldest)
    }
    return described
  }
}

function identify({ dev, ino, size, ctimeNs }: BigIntStats): string {
  return `${dev}-${ino}-${size}-${ctimeNs}`
}
