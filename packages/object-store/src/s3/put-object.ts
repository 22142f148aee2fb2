import { createHash } from 'node:crypto'
import type { StoreAnswer } from '../http/http-client.ts'
import { type Content, checkStated } from '../http/upload-checks.ts'
import type { ObjectInfo, PutOptions } from '../object-store.ts'
import { noBucket, putIntoBucket } from './buckets.ts'
import { readEtag, readModifiedAt } from './describe-object.ts'
import { readMetadata } from './metadata-headers.ts'
import type { S3Client } from './s3-client.ts'

/** Where something is put, and with what. */
export interface Upload {
  client: S3Client
  bucket: string
  path: string
  options: PutOptions
  /** Of the object: its type and metadata. */
  headers: Readonly<Record<string, string>>
}

/** Puts bytes with one request, which may be repeated: the signature has their SHA-256, and S3 compares what arrives. */
export async function putBytes(upload: Upload, bytes: Uint8Array): Promise<ObjectInfo> {
  const { client, bucket, path, options, headers } = upload
  const md5 = options.md5 === undefined ? {} : { md5: createHash('md5').update(bytes).digest('hex') }
  const content = { usedBytes: bytes.length, ...md5 }
  checkStated(path, options, content)
  const request = { method: 'PUT', bucket, path, headers, body: bytes, signal: options.signal } as const
  const answer = await putIntoBucket(client, bucket, () => client.sendUnless([noBucket], request))
  await answer.body.dump()
  return describeUpload(upload, content, readEtag(path, answer.headers), answer.headers)
}

/** What was put, as `head` will tell it. */
export function describeUpload(
  { path, headers }: Upload,
  { usedBytes }: Content,
  etag: string,
  answered: StoreAnswer['headers']
): ObjectInfo {
  const contentType = headers['content-type'] ?? ''
  return { path, usedBytes, etag, modifiedAt: readModifiedAt(answered), contentType, metadata: readMetadata(headers) }
}
