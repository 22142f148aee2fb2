import { RefusedError } from '@lautta/core/errors'
import type { ObjectEntry, ObjectStore } from './object-store.ts'

const usualBytes = 256 * 1024 * 1024

/** The whole content of an object that is small; null when it is not there. One that is larger than it may be is refused. */
export async function readObject(
  store: ObjectStore,
  bucket: string,
  path: string,
  mostBytes = usualBytes
): Promise<Buffer | null> {
  return (await readObjectWithEtag(store, bucket, path, mostBytes))?.content ?? null
}

/** The same, with the ETag of what was read: a listing may show another one. */
export async function readObjectWithEtag(
  store: ObjectStore,
  bucket: string,
  path: string,
  mostBytes = usualBytes
): Promise<{ content: Buffer; etag: string } | null> {
  const found = await store.get(bucket, path)
  if (found === null) return null
  const chunks: Buffer[] = []
  let usedBytes = 0
  // Counted as they come: what a store says of an object's length may be its manifest's.
  for await (const chunk of found.content as AsyncIterable<Buffer>) {
    usedBytes += chunk.length
    if (usedBytes > mostBytes) throw new RefusedError(`${path} is larger than ${mostBytes} bytes`)
    chunks.push(chunk)
  }
  return { content: Buffer.concat(chunks), etag: found.info.etag }
}

/** All objects with a prefix, whatever their number. */
export async function listAll(store: ObjectStore, bucket: string, prefix: string): Promise<ObjectEntry[]> {
  const objects: ObjectEntry[] = []
  let after: string | null = ''
  while (after !== null) {
    const part = await store.list(bucket, { prefix, ...(after === '' ? {} : { after }) })
    objects.push(...part.objects)
    after = part.next
  }
  return objects
}

/** The folders right below a prefix that ends in a slash, each ending in one. */
export async function listFolders(store: ObjectStore, bucket: string, prefix: string): Promise<string[]> {
  const folders: string[] = []
  let after: string | null = ''
  while (after !== null) {
    const part = await store.list(bucket, { prefix, delimiter: '/', ...(after === '' ? {} : { after }) })
    folders.push(...part.prefixes)
    after = part.next
  }
  return folders
}
