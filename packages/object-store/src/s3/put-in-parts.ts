import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { StorageError } from '@lautta/core/errors'
import { z } from 'zod'
import { brokenSource, type Content, checkStated } from '../http/upload-checks.ts'
import type { ObjectInfo } from '../object-store.ts'
import { noBucket, putIntoBucket } from './buckets.ts'
import { cutStream, mostBytesInParts, tooLong } from './cut-stream.ts'
import { readEtag, readModifiedAt } from './describe-object.ts'
import { headObject } from './get-object.ts'
import { describeUpload, type Upload } from './put-object.ts'

/** The code of what is asked of an upload that is over. */
export const noUpload = 'NoSuchUpload'

const partsAtOnce = 2
const begunForm = z.object({ InitiateMultipartUploadResult: z.object({ UploadId: z.string().min(1) }) })
const completedForm = z.object({ CompleteMultipartUploadResult: z.object({ ETag: z.string() }) })

interface Parts {
  etags: readonly string[]
  content: Content
}

/**
 * Puts a long stream in parts (S3's multipart upload). Nothing of it is visible before all of it is there, and each part
 * is sent from memory, so that it can be sent again.
 */
export async function putInParts(upload: Upload, source: Readable, firstPartBytes: number): Promise<ObjectInfo> {
  if ((upload.options.usedBytes ?? 0) > mostBytesInParts(firstPartBytes)) throw tooLong(firstPartBytes)
  const uploadId = await beginUpload(upload)
  const parts = await sendParts(upload, uploadId, source, firstPartBytes).catch(async (cause: unknown) => {
    await abortUpload(upload, uploadId)
    throw brokenSource(upload.path, cause)
  })
  // From here on it may become an object though nobody tells us: what does not is swept later.
  return completeUpload(upload, uploadId, parts)
}

async function beginUpload({ client, bucket, path, headers }: Upload): Promise<string> {
  // Without the signal: an upload whose name was not heard could not be given up. A second one would be swept.
  const request = { method: 'POST', bucket, path, query: { uploads: '' }, headers, harmlessTwice: true } as const
  const begun = await putIntoBucket(client, bucket, () => client.readUnless([noBucket], request, begunForm))
  return begun.document.InitiateMultipartUploadResult.UploadId
}

async function sendParts(upload: Upload, uploadId: string, source: Readable, firstPartBytes: number): Promise<Parts> {
  const { path, options } = upload
  const hash = options.md5 === undefined ? null : createHash('md5')
  const etags: string[] = []
  const sending = new Set<Promise<void>>()
  const usedUp: Buffer[] = []
  let usedBytes = 0
  try {
    for await (const part of cutStream(source, firstPartBytes, usedUp)) {
      usedBytes += part.length
      if (usedBytes > (options.usedBytes ?? usedBytes)) checkStated(path, options, { usedBytes })
      hash?.update(part)
      const index = etags.push('') - 1
      const sent = sendPart(upload, uploadId, index + 1, part).then((etag) => {
        etags[index] = etag
        usedUp.push(part)
        sending.delete(sent)
      })
      // Nothing more is needed of a source that may be slow.
      sent.catch((cause: Error) => source.destroy(cause))
      sending.add(sent)
      if (sending.size === partsAtOnce) await Promise.race(sending)
    }
    await Promise.all(sending)
  } finally {
    // A part that arrives after the upload was given up would stay for ever.
    await Promise.allSettled(sending)
  }
  const content = { usedBytes, ...(hash !== null && { md5: hash.digest('hex') }) }
  checkStated(path, options, content)
  return { etags, content }
}

async function sendPart(
  { client, bucket, path, options }: Upload,
  uploadId: string,
  number: number,
  body: Buffer
): Promise<string> {
  const query = { partNumber: String(number), uploadId }
  const answer = await client.send({ method: 'PUT', bucket, path, query, body, signal: options.signal })
  await answer.body.dump()
  return readEtag(path, answer.headers)
}

/** To end a second time does no harm: the object is there, or the upload is not. */
async function completeUpload(upload: Upload, uploadId: string, { etags, content }: Parts): Promise<ObjectInfo> {
  const { client, bucket, path, options } = upload
  const body = Buffer.from(writeParts(etags))
  const request = {
    method: 'POST',
    bucket,
    path,
    query: { uploadId },
    body,
    signal: options.signal,
    harmlessTwice: true
  } as const
  const put = describeUpload(upload, content, etagOfParts(etags), {})
  try {
    const completed = await client.readUnless([noUpload], request, completedForm)
    if (completed === null) throw new StorageError(`${path}: the upload is not there any more`, { hint: 'Try again.' })
    // RGW leaves the ETag out.
    const etag = completed.document.CompleteMultipartUploadResult.ETag.replaceAll('"', '') || put.etag
    return { ...put, etag, modifiedAt: readModifiedAt(completed.headers) }
  } catch (cause) {
    // The answer may have been lost after the deed.
    const found = await headObject(client, bucket, path).catch(() => null)
    if (found !== null && isDeepStrictEqual(found, { ...put, modifiedAt: found.modifiedAt })) return found
    throw cause
  }
}

/** As S3 computes it. */
function etagOfParts(etags: readonly string[]): string {
  const digests = Buffer.from(etags.join(''), 'hex')
  return `${createHash('md5').update(digests).digest('hex')}-${etags.length}`
}

function writeParts(etags: readonly string[]): string {
  const parts = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>"${etag}"</ETag></Part>`)
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join('')}</CompleteMultipartUpload>`
}

async function abortUpload(upload: Upload, uploadId: string): Promise<void> {
  const { client, bucket, path } = upload
  try {
    const answer = await client.sendUnless([noUpload], { method: 'DELETE', bucket, path, query: { uploadId } })
    await answer?.body.dump()
  } catch {
    // What went wrong before is worth telling; the rest is swept later.
  }
}
