import { StorageError } from '@lautta/core/errors'
import type { ByteRange, ObjectStore } from '@lautta/object-store/object-store'
import type { TableBytes } from '@lautta/tables/open-table'

/** Up to here an object is fetched as a whole; of a longer one the parts that are wanted. */
export const wholeBytes = 1024 * 1024

/** The bytes of a table's object; null when there is none. */
export async function fetchTable(store: ObjectStore, bucket: string, path: string): Promise<TableBytes | null> {
  const found = await store.get(bucket, path)
  if (found === null) return null
  const { usedBytes, etag } = found.info
  if (usedBytes <= wholeBytes) {
    const content = await gather(found.content)
    return { usedBytes: content.length, read: async (first, last) => content.subarray(first, last + 1) }
  }
  found.content.destroy()
  return { usedBytes, read: (first, last) => readRange(store, bucket, path, { first, last }, etag) }
}

async function readRange(
  store: ObjectStore,
  bucket: string,
  path: string,
  range: Required<ByteRange>,
  etag: string
): Promise<Buffer> {
  const found = await store.get(bucket, path, range)
  if (found?.info.etag === etag) return gather(found.content)
  found?.content.destroy()
  throw new StorageError(`${path} was replaced while it was read`, { reason: 'damaged' })
}

async function gather(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}
