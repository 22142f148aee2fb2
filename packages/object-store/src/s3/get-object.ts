import { Readable } from 'node:stream'
import { RefusedError, StorageError } from '@lautta/core/errors'
import type { StoreAnswer } from '../http/http-client.ts'
import { createDownload } from '../http/resuming-download.ts'
import type { ByteRange, ObjectInfo } from '../object-store.ts'
import { describeObject, readMd5 } from './describe-object.ts'
import type { S3Client } from './s3-client.ts'

/** The codes of what is asked of an object that is not there, or of a bucket. */
export const missing = ['NoSuchKey', 'NoSuchBucket']

/** What is known of an object; null when it, or its bucket, is not there. */
export async function headObject(client: S3Client, bucket: string, path: string): Promise<ObjectInfo | null> {
  const answer = await client.sendUnless(missing, { method: 'HEAD', bucket, path })
  await answer?.body.dump()
  return answer === null ? null : describeObject(path, answer)
}

/** An object's content, or a range of it; one that begins behind its end is empty. */
export async function getObject(
  client: S3Client,
  bucket: string,
  path: string,
  range?: ByteRange
): Promise<{ info: ObjectInfo; content: Readable } | null> {
  const { first = 0, last = Number.POSITIVE_INFINITY } = range ?? {}
  if (last < first) throw new RefusedError(`${path}: the range ends before it begins`)
  const headers = range === undefined ? {} : { range: writeRange(first, last) }
  const answer = await client.sendUnless([...missing, 'InvalidRange'], {
    method: 'GET',
    bucket,
    path,
    headers,
    isForReader: true
  })
  if (answer === null) {
    const info = range === undefined ? null : await headObject(client, bucket, path)
    return info === null ? null : { info, content: Readable.from([]) }
  }
  const info = describeContent(client, path, answer, { first, last })
  const end = Math.min(last, info.usedBytes - 1)
  const content = createDownload({
    path,
    first: answer,
    usedBytes: end - first + 1,
    md5: answer.status === 206 ? null : readMd5(answer.headers),
    async resume(offset) {
      const headers = { range: writeRange(first + offset, end), 'if-match': `"${info.etag}"` }
      const request = { method: 'GET', bucket, path, headers, isForReader: true } as const
      const rest = await client.sendUnless([...missing, 'PreconditionFailed'], request)
      if (rest === null || rest.status === 206) return rest
      rest.body.destroy()
      return null
    }
  })
  return { info, content }
}

/** The object whose content begins to come; if that is not what was asked for, it is let go of. */
function describeContent(client: S3Client, path: string, answer: StoreAnswer, { first, last }: Required<ByteRange>): ObjectInfo {
  try {
    const info = describeObject(path, answer)
    if (answer.status === 206 || (first === 0 && last >= info.usedBytes - 1)) return info
    throw new StorageError(`${client.name} sends the whole of ${path} instead of a range`)
  } catch (error) {
    answer.body.on('error', () => {}).destroy()
    throw error
  }
}

function writeRange(first: number, last: number): string {
  return `bytes=${first}-${Number.isFinite(last) ? last : ''}`
}
