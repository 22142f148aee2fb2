import { StorageError } from '@lautta/core/errors'
import type { S3Client } from './s3-client.ts'

/** The code of what is asked of a bucket that is not there. */
export const noBucket = 'NoSuchBucket'

/** Puts something into a bucket; when that answers null, because the bucket is not there, the bucket is made. */
export async function putIntoBucket<Result>(
  client: S3Client,
  bucket: string,
  put: () => Promise<Result | null>
): Promise<Result> {
  const first = await put()
  if (first !== null) return first
  await makeBucket(client, bucket)
  const second = await put()
  if (second === null) throw new StorageError(`${client.name} has no bucket ${bucket}, though it made it`, { hint: 'Try again.' })
  return second
}

/** Makes a bucket, unless it is there. */
export async function makeBucket(client: S3Client, bucket: string): Promise<void> {
  // RGW answers for a bucket of our own as for a new one; others have a word for it.
  const answer = await client.sendUnless(['BucketAlreadyOwnedByYou'], { method: 'PUT', bucket })
  await answer?.body.dump()
}
