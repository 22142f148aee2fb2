import type { BucketUsage } from '../object-store.ts'
import type { SwiftAccount } from './account.ts'
import { segmentsBucket } from './segments.ts'

/** What lies in a bucket, with what its large objects have in the bucket of their segments; null: it is not there. */
export async function measureBucket(account: SwiftAccount, bucket: string): Promise<BucketUsage | null> {
  const [own, segments] = await Promise.all([readUsage(account, bucket), readUsage(account, segmentsBucket(bucket))])
  return own === null ? null : { objects: own.objects, usedBytes: own.usedBytes + (segments?.usedBytes ?? 0) }
}

async function readUsage(account: SwiftAccount, bucket: string): Promise<BucketUsage | null> {
  const { status, headers, body } = await account.send({ method: 'HEAD', bucket, accept: [404] })
  await body.dump()
  if (status === 404) return null
  return { objects: Number(headers['x-container-object-count']), usedBytes: Number(headers['x-container-bytes-used']) }
}
