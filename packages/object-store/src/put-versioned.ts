import type { Readable } from 'node:stream'
import type { ObjectInfo, ObjectStore, PutOptions } from './object-store.ts'

/** Puts an object with the `version` of seed 000: 1 for a new one, one more at each overwrite. */
export async function putVersioned(
  store: ObjectStore,
  bucket: string,
  path: string,
  content: Uint8Array | Readable,
  options: PutOptions = {}
): Promise<ObjectInfo> {
  const former = await store.head(bucket, path)
  const version = Number(former?.metadata.version ?? 0) + 1
  return store.put(bucket, path, content, { ...options, metadata: { ...options.metadata, version: String(version) } })
}
