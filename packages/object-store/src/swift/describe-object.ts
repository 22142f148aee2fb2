import { StorageError } from '@lautta/core/errors'
import type { StoreAnswer } from '../http/http-client.ts'
import type { ObjectInfo } from '../object-store.ts'
import { type ManifestMarks, readMarks, readMetadata } from './metadata-headers.ts'

/** An object as Swift describes it. */
export interface SwiftObject extends Partial<Pick<ManifestMarks, 'upload'>> {
  info: ObjectInfo
  /** As the store says it: of a large object not the MD5. */
  storeEtag: string
  /** Of the content; null: nobody knows. */
  md5: string | null
  /** Its content is in segments. */
  isLarge: boolean
}

/** The object that an answer to HEAD or GET is about. */
export function describeObject(path: string, { status, headers }: StoreAnswer): SwiftObject {
  const storeEtag = readEtag(headers)
  // Of a part, the length of the whole stands behind the slash.
  const length = status === 206 ? headers['content-range']?.split('/')[1] : headers['content-length']
  if (storeEtag === undefined || length === undefined) throw new StorageError(`${path}: the answer has no ETag or no length`)
  const isLarge = 'x-static-large-object' in headers || 'x-object-manifest' in headers
  const { md5: ofWhole = null, ...upload } = isLarge ? readMarks(headers) : {}
  // What S3 took in parts has an ETag of another form.
  const ofPlain = /^[0-9a-f]{32}$/.test(storeEtag) ? storeEtag : null
  const md5 = isLarge ? ofWhole : ofPlain
  const info = {
    path,
    usedBytes: Number(length),
    etag: md5 ?? storeEtag,
    modifiedAt: readModifiedAt(headers),
    contentType: headers['content-type'] ?? '',
    metadata: readMetadata(headers)
  }
  return { info, storeEtag, md5, isLarge, ...upload }
}

/** The ETag without its quotation marks, which large objects have and others have not. */
export function readEtag(headers: StoreAnswer['headers']): string | undefined {
  return headers.etag?.replace(/^"(.*)"$/, '$1')
}

/** In whole seconds, as PUT, GET and HEAD tell it. */
export function readModifiedAt(headers: StoreAnswer['headers']): string {
  return new Date(headers['last-modified'] ?? headers.date ?? 0).toISOString()
}
