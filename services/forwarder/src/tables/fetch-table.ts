import { RefusedError, StorageError } from '@lautta/core/errors'
import type { ByteRange, ObjectStore } from '@lautta/object-store/object-store'
import { readObjectWithEtag } from '@lautta/object-store/read-object'

/** Up to here an object is fetched before its turn. */
export const smallBytes = 1024 * 1024
// The reader holds all of it.
const longestBytes = 128 * 1024 * 1024
// The schema is at the end of a Parquet file, and seldom longer.
const endBytes = 256 * 1024

/** The bytes of a table's object, small ones at once. */
export interface TableBytes {
  usedBytes: number
  readAll(): Promise<Buffer>
  /** As many of the last as tell what the table is. */
  readEnd(): Promise<Buffer>
}

/** Finds a table's object; null when there is none. */
export async function fetchTable(store: ObjectStore, bucket: string, path: string): Promise<TableBytes | null> {
  const found = await store.get(bucket, path)
  if (found === null) return null
  const { usedBytes, etag } = found.info
  if (usedBytes <= smallBytes) {
    const content = await gather(found.content)
    return { usedBytes: content.length, readAll: async () => content, readEnd: async () => content }
  }
  found.content.destroy()
  if (usedBytes > longestBytes) throw new RefusedError(`it has ${usedBytes} bytes, more than ${longestBytes}: read it by itself`)
  return {
    usedBytes,
    async readAll() {
      const whole = await readObjectWithEtag(store, bucket, path)
      return checkSame(path, etag, whole)
    },
    readEnd: () => readRange(store, bucket, path, { first: usedBytes - endBytes, last: usedBytes - 1 }, etag)
  }
}

async function readRange(store: ObjectStore, bucket: string, path: string, range: ByteRange, etag: string): Promise<Buffer> {
  const found = await store.get(bucket, path, range)
  const content = found === null ? null : { content: await gather(found.content), etag: found.info.etag }
  return checkSame(path, etag, content)
}

function checkSame(path: string, etag: string, found: { content: Buffer; etag: string } | null): Buffer {
  if (found?.etag === etag) return found.content
  throw new StorageError(`${path} was replaced while it was read`, { reason: 'damaged' })
}

async function gather(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}
