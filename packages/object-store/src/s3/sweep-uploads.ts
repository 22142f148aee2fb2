import { z } from 'zod'
import { noBucket } from './buckets.ts'
import { decodeName } from './list-objects.ts'
import { noUpload } from './put-in-parts.ts'
import type { S3Client } from './s3-client.ts'

const uploadForm = z.object({ Key: z.string(), UploadId: z.string(), Initiated: z.coerce.date() })
const uploadsForm = z.object({
  ListMultipartUploadsResult: z.object({ IsTruncated: z.enum(['true', 'false']), Upload: z.array(uploadForm).default([]) })
})

interface UnfinishedUpload {
  path: string
  uploadId: string
  begunAt: Date
}

interface UploadsPart {
  uploads: readonly UnfinishedUpload[]
  isWhole: boolean
}

/** Gives up uploads that began before and have not come to an end; answers how many those were. */
export async function sweepUploads(client: S3Client, bucket: string, before: Date): Promise<number> {
  let swept = 0
  for await (const { path, uploadId, begunAt } of listUploads(client, bucket)) {
    if (begunAt >= before) continue
    const answer = await client.sendUnless([noUpload], { method: 'DELETE', bucket, path, query: { uploadId } })
    await answer?.body.dump()
    swept++
  }
  return swept
}

async function* listUploads(client: S3Client, bucket: string): AsyncGenerator<UnfinishedUpload> {
  let part = await readUploads(client, bucket)
  for (;;) {
    yield* part.uploads
    const last = part.uploads.at(-1)
    if (part.isWhole || last === undefined) return
    part = await readUploads(client, bucket, last)
  }
}

async function readUploads(client: S3Client, bucket: string, after?: UnfinishedUpload): Promise<UploadsPart> {
  const markers = after === undefined ? {} : { 'key-marker': after.path, 'upload-id-marker': after.uploadId }
  const query = { uploads: '', 'encoding-type': 'url', ...markers }
  const read = await client.readUnless([noBucket], { method: 'GET', bucket, query }, uploadsForm)
  const { IsTruncated, Upload } = read?.document.ListMultipartUploadsResult ?? { IsTruncated: 'false', Upload: [] }
  // RGW escapes these names without saying so, but not those of its own markers.
  const uploads = Upload.map(({ Key, UploadId, Initiated }) => ({
    path: decodeName(Key),
    uploadId: UploadId,
    begunAt: Initiated
  }))
  return { uploads, isWhole: IsTruncated === 'false' }
}
