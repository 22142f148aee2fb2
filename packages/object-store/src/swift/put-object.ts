import { createHash } from 'node:crypto'
import { type LauttaError, RefusedError, StorageError } from '@lautta/core/errors'
import type { StoreAnswer } from '../http/http-client.ts'
import { checkStated } from '../http/upload-checks.ts'
import type { ObjectInfo, PutOptions } from '../object-store.ts'
import type { SwiftAccount } from './account.ts'
import type { Buckets } from './buckets.ts'
import { readEtag, readModifiedAt } from './describe-object.ts'
import { failureOf } from './failures.ts'
import { readMetadata } from './metadata-headers.ts'
import type { UploadSource } from './upload-source.ts'

/** Where something is put, and with what. */
export interface Upload {
  account: SwiftAccount
  buckets: Buckets
  bucket: string
  path: string
  options: PutOptions
  /** Of the object: its type and metadata. */
  headers: Readonly<Record<string, string>>
}

/** What the content of an upload turned out to be. */
export interface Content {
  md5: string
  usedBytes: number
}

// A body whose MD5 differs on arrival has suffered on the way: it may fare better the next time.
const triesForMd5 = 3

/** Puts bytes with one request, which may be repeated: Swift compares their MD5 before it stores them. */
export async function putBytes(upload: Upload, bytes: Uint8Array): Promise<ObjectInfo> {
  const { account, buckets, bucket, path, options } = upload
  const content = { md5: createHash('md5').update(bytes).digest('hex'), usedBytes: bytes.length }
  checkStated(path, options, content)
  const headers = { ...upload.headers, etag: content.md5 }
  const request = { method: 'PUT', bucket, path, headers, body: bytes, signal: options.signal, accept: [404, 422] } as const
  for (let left = triesForMd5 - 1; ; left--) {
    const answer = await account.send(request)
    if (answer.status === 201) return describeUpload(upload, content, answer)
    if (left === 0) throw await failedPut(upload, answer)
    await answer.body.dump()
    if (answer.status === 404) {
      buckets.forget(bucket)
      await buckets.ensure(bucket)
    }
  }
}

/** Puts a stream with one request, which can not be repeated. */
export async function putStream(upload: Upload, source: UploadSource, usedBytes: number): Promise<ObjectInfo> {
  const { account, buckets, bucket, path, options } = upload
  await buckets.ensure(bucket)
  const stated = options.md5 === undefined ? {} : { etag: options.md5 }
  const headers = { ...upload.headers, ...stated, 'content-length': String(usedBytes) }
  const body = source.takeAll()
  const answer = await account.send({ method: 'PUT', bucket, path, headers, body, signal: options.signal, accept: [404, 422] })
  if (answer.status !== 201) throw await failedPut(upload, answer)
  const content = { md5: source.md5(), usedBytes }
  if (readEtag(answer.headers) !== content.md5) throw await discard(upload, answer, content.md5)
  return describeUpload(upload, content, answer)
}

/** What was put, as `head` will tell it. */
export async function describeUpload(upload: Upload, { md5, usedBytes }: Content, answer: StoreAnswer): Promise<ObjectInfo> {
  await answer.body.dump()
  const { path, headers } = upload
  const contentType = headers['content-type'] ?? ''
  return { path, usedBytes, etag: md5, modifiedAt: readModifiedAt(answer.headers), contentType, metadata: readMetadata(headers) }
}

/** Removes what is there already, but is not what was sent: nobody is to read it. */
async function discard(upload: Upload, answer: StoreAnswer, md5: string): Promise<StorageError> {
  const { account, bucket, path } = upload
  await answer.body.dump()
  const removed = await account.send({ method: 'DELETE', bucket, path, accept: [404] })
  await removed.body.dump()
  return damaged(upload, answer, md5)
}

/** Says that the store has other bytes than were sent. */
export function damaged({ path, account }: Upload, { headers }: StoreAnswer, md5: string): StorageError {
  const message = `${path}: the MD5 of what arrived at ${account.name} is ${readEtag(headers) ?? 'another one'}, not ${md5}`
  return new StorageError(message, { reason: 'damaged', hint: 'It was damaged on the way: try again.' })
}

async function failedPut(upload: Upload, answer: StoreAnswer): Promise<LauttaError> {
  const { account, buckets, bucket, path, options } = upload
  if (answer.status === 404) buckets.forget(bucket)
  if (answer.status !== 422) return failureOf(account.name, { method: 'PUT', bucket, path }, answer)
  await answer.body.dump()
  // Of bytes the stated MD5 has been compared here before.
  return options.md5 === undefined
    ? damaged(upload, answer, 'that of what was sent')
    : new RefusedError(`${path}: the MD5 of what arrived is not ${options.md5}`)
}
