import { RefusedError } from '@lautta/core/errors'
import { complaintAboutPath, complaintAboutPrefix } from '@lautta/core/object-path'
import { z } from 'zod'
import { createHttpClient, type HttpClientOptions } from '../http/http-client.ts'
import type { ObjectStore } from '../object-store.ts'
import { makeBucket } from './buckets.ts'
import { getObject, headObject, missing } from './get-object.ts'
import { listObjects } from './list-objects.ts'
import { measureBucket } from './measure-bucket.ts'
import { writeMetadata } from './metadata-headers.ts'
import { putContent } from './put-content.ts'
import { createS3Client } from './s3-client.ts'
import { createSigner, type S3Keys } from './signer.ts'
import { sweepUploads } from './sweep-uploads.ts'

/** Which S3 service to open, and as whom. */
export interface S3Options extends S3Keys {
  /** Its address, such as https://a3s.fi. */
  endpoint: string
  /** Named in errors. */
  name?: string
  /** A stream that is longer than this is put in parts of at least this length; S3 takes none below 5 MiB. */
  partBytes?: number
  /** How patient it is. */
  http?: Omit<HttpClientOptions, 'name'>
}

const defaultPartBytes = 8 * 1024 ** 2
const longestSignedSeconds = 7 * 24 * 60 * 60
const bucketsForm = z.object({ ListAllMyBucketsResult: z.object({}) })

/** Object storage with the S3 API: that of Ceph's RGW, as in Allas and LUMI-O, or any other with buckets in paths. */
export function createS3Store(options: S3Options): ObjectStore {
  const { endpoint, name = `S3 at ${endpoint}`, partBytes = defaultPartBytes } = options
  const http = createHttpClient({ ...options.http, name })
  const client = createS3Client({ name, endpoint, http, signer: createSigner(options) })

  return {
    async put(bucket, path, content, given = {}) {
      checkPath(path)
      const headers = { 'content-type': given.contentType ?? 'application/octet-stream', ...writeMetadata(given.metadata ?? {}) }
      return putContent({ client, bucket, path, options: given, headers }, content, partBytes)
    },
    async get(bucket, path, range) {
      checkPath(path)
      return getObject(client, bucket, path, range)
    },
    async head(bucket, path) {
      checkPath(path)
      return headObject(client, bucket, path)
    },
    async list(bucket, given = {}) {
      refuse(given.prefix ?? '', complaintAboutPrefix(given.prefix ?? ''))
      return listObjects(client, bucket, given)
    },
    async delete(bucket, path) {
      checkPath(path)
      const answer = await client.sendUnless(missing, { method: 'DELETE', bucket, path })
      await answer?.body.dump()
    },
    async sign(bucket, path, { method, seconds }) {
      checkPath(path)
      if (seconds > longestSignedSeconds) throw new RefusedError('S3 has no signatures for longer than seven days')
      if (method === 'PUT') await makeBucket(client, bucket)
      return client.presign({ method, bucket, path }, seconds)
    },
    measure: (bucket) => measureBucket(client, bucket),
    sweep: (bucket, before) => sweepUploads(client, bucket, before),
    async check() {
      // Good keys need not be allowed to see all buckets.
      await client.readUnless(['AccessDenied'], { method: 'GET' }, bucketsForm)
    },
    close: () => http.close()
  }
}

function checkPath(path: string): void {
  refuse(path, complaintAboutPath(path))
}

function refuse(text: string, complaint: string | null): void {
  if (complaint !== null) throw new RefusedError(`${text}: ${complaint}`)
}
