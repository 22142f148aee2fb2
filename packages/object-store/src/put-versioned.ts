import type { Readable } from 'node:stream'
import { decodeMetadata } from './encoded-metadata.ts'
import type { ObjectInfo, ObjectStore, PutOptions } from './object-store.ts'

/** Puts an object with the `version` of seed 000: 1 for a new one, one more at each overwrite. */
export async function putVersioned(
  store: ObjectStore,
  bucket: string,
  path: string,
  content: Uint8Array | Readable,
  options: PutOptions = {}
): Promise<ObjectInfo> {
  const version = versionAfter(await store.head(bucket, path))
  return store.put(bucket, path, content, { ...options, metadata: { ...options.metadata, version } })
}

/** The version of what replaces an object, or of the first one; what is no number counts as none. */
export function versionAfter(former: Pick<ObjectInfo, 'metadata'> | null): string {
  const { version } = decodeMetadata(former?.metadata ?? {})
  return String(typeof version === 'number' ? version + 1 : 1)
}
