import { promisify } from 'node:util'
import { type AsyncZippable, zip } from 'fflate'

// The oldest that the format knows: the same files are the same bytes, whenever they are packed.
const noTime = new Date(1980, 0, 1)

/** Files by path as a zip archive. */
export function zipFiles(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const entries: AsyncZippable = Object.fromEntries([...files].map(([path, content]) => [path, [content, { mtime: noTime }]]))
  return promisify<AsyncZippable, Uint8Array>(zip)(entries)
}
