import { RefusedError } from '@lautta/core/errors'
import { complaintAboutPath, complaintAboutPrefix } from '@lautta/core/object-path'
import { createHttpClient, type HttpClientOptions } from '../http/http-client.ts'
import type { ObjectStore } from '../object-store.ts'
import { createAccount } from './account.ts'
import { createBuckets } from './buckets.ts'
import { deleteObject } from './delete-object.ts'
import { getObject, headObject } from './get-object.ts'
import { logIn, type SwiftCredential } from './keystone.ts'
import { listObjects } from './list-objects.ts'
import { locateAccount, type Place } from './locate-account.ts'
import { measureBucket } from './measure-bucket.ts'
import { writeMetadata } from './metadata-headers.ts'
import { putContent } from './put-content.ts'
import { sweepSegments } from './sweep-segments.ts'
import { createSigner } from './temporary-url.ts'
import { createTokenKeeper } from './token-keeper.ts'

export type { SwiftCredential }

/** Which Swift to open, and as whom; the endpoint with its account (`AUTH_…`) or without. */
export interface SwiftOptions extends Place {
  /** Of Keystone v3. */
  authUrl: string
  credential: SwiftCredential
  /** What is longer, or of unknown length and not short, becomes a large object in segments of so many bytes. */
  segmentBytes?: number
  /** Makes the key of temporary URLs where the account has none. */
  signingKey: Buffer
  /** How patient it is. */
  http?: Omit<HttpClientOptions, 'name'>
}

// Swift takes 5 GiB in one piece.
const defaultSegmentBytes = 4 * 1024 ** 3

/** Object storage with the Swift API and Keystone's tokens: Swift itself, or Ceph's RGW as in Allas. */
export function createSwiftStore(options: SwiftOptions): ObjectStore {
  const { name, authUrl, credential, signingKey, segmentBytes = defaultSegmentBytes } = options
  const keystone = createHttpClient({ ...options.http, name: `Keystone at ${authUrl}` })
  const http = createHttpClient({ ...options.http, name })
  const tokens = createTokenKeeper(() => logIn(keystone, authUrl, credential))
  const account = createAccount({ name, http, tokens, locate: (login) => locateAccount(login, options) })
  const buckets = createBuckets(account)
  const sign = createSigner(account, http, signingKey)

  return {
    async put(bucket, path, content, given = {}) {
      checkPath(path)
      const headers = { 'content-type': given.contentType ?? 'application/octet-stream', ...writeMetadata(given.metadata ?? {}) }
      return putContent({ account, buckets, bucket, path, options: given, headers }, content, segmentBytes)
    },
    async get(bucket, path, range) {
      checkPath(path)
      return getObject(account, bucket, path, range)
    },
    async head(bucket, path) {
      checkPath(path)
      return (await headObject(account, bucket, path))?.info ?? null
    },
    async list(bucket, given = {}) {
      refuse(given.prefix, complaintAboutPrefix(given.prefix ?? ''))
      return listObjects(account, bucket, given)
    },
    async delete(bucket, path) {
      checkPath(path)
      await deleteObject(account, bucket, path)
    },
    async sign(bucket, path, given) {
      checkPath(path)
      if (given.method === 'PUT') await buckets.ensure(bucket)
      return sign(bucket, path, given)
    },
    measure: (bucket) => measureBucket(account, bucket),
    sweep: (bucket, before) => sweepSegments(account, bucket, before),
    async check() {
      const answer = await account.send({ method: 'HEAD' })
      await answer.body.dump()
    },
    async close() {
      await Promise.all([keystone.close(), http.close()])
    }
  }
}

function checkPath(path: string): void {
  refuse(path, complaintAboutPath(path))
}

function refuse(name: string | undefined, complaint: string | null): void {
  if (complaint !== null) throw new RefusedError(`${name}: ${complaint}`)
}
