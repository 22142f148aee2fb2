import { StorageError } from '@lautta/core/errors'
import type { StoreAnswer } from '../http/http-client.ts'
import type { ObjectInfo } from '../object-store.ts'
import { addressHint } from './failures.ts'
import { readMetadata } from './metadata-headers.ts'

type Headers = StoreAnswer['headers']

/** The object that an answer to HEAD or GET is about. */
export function describeObject(path: string, { status, headers }: StoreAnswer): ObjectInfo {
  const etag = readEtag(path, headers)
  // Of a part, the length of the whole stands behind the slash.
  const length = status === 206 ? headers['content-range']?.split('/')[1] : headers['content-length']
  if (length === undefined) throw notS3(path, 'length')
  return {
    path,
    usedBytes: Number(length),
    etag,
    modifiedAt: readModifiedAt(headers),
    contentType: headers['content-type'] ?? '',
    metadata: readMetadata(headers)
  }
}

/** The ETag without its quotation marks. */
export function readEtag(path: string, headers: Headers): string {
  if (headers.etag === undefined) throw notS3(path, 'ETag')
  return headers.etag.replaceAll('"', '')
}

/** In whole seconds; an answer to PUT tells only when it was given, which is the same second or the next one. */
export function readModifiedAt(headers: Headers): string {
  return new Date(headers['last-modified'] ?? headers.date ?? 0).toISOString()
}

/** The MD5 of the content, which the ETag is unless the object came in parts, or is encrypted with a key of its own. */
export function readMd5(headers: Headers): string | null {
  const etag = headers.etag?.replaceAll('"', '') ?? ''
  const hasOwnKey =
    'x-amz-server-side-encryption-customer-algorithm' in headers ||
    !['AES256', undefined].includes(headers['x-amz-server-side-encryption'])
  return /^[0-9a-f]{32}$/.test(etag) && !hasOwnKey ? etag : null
}

function notS3(path: string, missing: string): StorageError {
  return new StorageError(`${path}: the answer has no ${missing}`, { hint: addressHint })
}
