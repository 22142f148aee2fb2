import type { BucketUsage } from '../object-store.ts'
import { missing } from './get-object.ts'
import { listObjects } from './list-objects.ts'
import type { S3Client } from './s3-client.ts'

/** What lies in a bucket; null: it is not there. */
export async function measureBucket(client: S3Client, bucket: string): Promise<BucketUsage | null> {
  // Newer RGWs count only when they are asked to.
  const answer = await client.sendUnless(missing, { method: 'HEAD', bucket, query: { 'read-stats': '' } })
  await answer?.body.dump()
  if (answer === null) return null
  const { 'x-rgw-object-count': objects, 'x-rgw-bytes-used': usedBytes } = answer.headers
  // RGW tells what its limits count, so parts of uploads without an end too. S3 itself has no word for it.
  if (objects !== undefined && usedBytes !== undefined) return { objects: Number(objects), usedBytes: Number(usedBytes) }
  return countObjects(client, bucket)
}

async function countObjects(client: S3Client, bucket: string): Promise<BucketUsage> {
  const usage = { objects: 0, usedBytes: 0 }
  for (let after: string | null = ''; after !== null; ) {
    const part = await listObjects(client, bucket, { after })
    usage.objects += part.objects.length
    for (const { usedBytes } of part.objects) usage.usedBytes += usedBytes
    after = part.next
  }
  return usage
}
