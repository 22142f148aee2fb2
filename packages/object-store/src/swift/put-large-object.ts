import { createHash } from 'node:crypto'
import { RefusedError } from '@lautta/core/errors'
import { checkStated } from '../http/upload-checks.ts'
import type { ObjectInfo } from '../object-store.ts'
import { readEtag } from './describe-object.ts'
import { busy, failureOf } from './failures.ts'
import { headObject } from './get-object.ts'
import { writeMarks } from './metadata-headers.ts'
import { type Content, damaged, describeUpload, type Upload } from './put-object.ts'
import { longestSuffixBytes, newUploadName, type Segment, segmentPath, segmentsBucket } from './segments.ts'
import type { UploadSource } from './upload-source.ts'

// Swift's own limits.
const mostSegments = 1000
const longestPathBytes = 1024

/**
 * Puts a stream of any length as a static large object: segments first, and then the manifest that makes an object of
 * them. RGW does not compare the segments with what the manifest says of them, so each is compared as it arrives.
 */
export async function putLargeObject(upload: Upload, source: UploadSource, segmentBytes: number): Promise<ObjectInfo> {
  const { path, bucket, buckets, options } = upload
  if (Buffer.byteLength(path) + longestSuffixBytes > longestPathBytes)
    throw new RefusedError(`${path}: the path of a large object has ${longestPathBytes - longestSuffixBytes} bytes at most`)
  await buckets.ensure(bucket)
  await buckets.ensure(segmentsBucket(bucket))
  const name = newUploadName()
  const segments: Segment[] = []
  const nextPath = () => segmentPath(path, name, segments.length)
  try {
    while (!(await source.isAtEnd())) {
      if (segments.length === mostSegments)
        throw new RefusedError(`${path}: it is larger than ${mostSegments} segments of ${segmentBytes} bytes`)
      // With its length, a quota refuses it at once: of a bucket of Swift's, else it does not refuse it at all.
      const leftBytes = (options.usedBytes ?? Number.NaN) - segments.length * segmentBytes
      segments.push(await putSegment(upload, source, nextPath(), { mostBytes: segmentBytes, leftBytes }))
    }
    checkStated(path, options, contentOf(source))
  } catch (cause) {
    // Of the one that failed, only the answer may have been lost.
    await removeSegments(upload, [...segments.map((segment) => segment.path), nextPath()])
    throw cause
  }
  return putManifest(upload, segments, contentOf(source), name)
}

const contentOf = (source: UploadSource): Content => ({ md5: source.md5(), usedBytes: source.usedBytes() })

async function putSegment(
  upload: Upload,
  source: UploadSource,
  path: string,
  { mostBytes, leftBytes }: { mostBytes: number; leftBytes: number }
): Promise<Segment> {
  const { account, buckets, options } = upload
  const bucket = segmentsBucket(upload.bucket)
  const { body, md5, usedBytes } = source.takePiece(mostBytes)
  const headers = Number.isNaN(leftBytes) ? {} : { 'content-length': String(Math.min(mostBytes, leftBytes)) }
  const answer = await account.send({ method: 'PUT', bucket, path, headers, body, signal: options.signal, accept: [404] })
  if (answer.status === 404) {
    buckets.forget(bucket)
    throw await failureOf(account.name, { method: 'PUT', bucket, path }, answer)
  }
  await answer.body.dump()
  const etag = md5()
  if (readEtag(answer.headers) !== etag) throw damaged(upload, answer, etag)
  return { path, etag, usedBytes: usedBytes() }
}

async function putManifest(upload: Upload, segments: readonly Segment[], content: Content, name: string): Promise<ObjectInfo> {
  const { account, bucket, path, options } = upload
  const manifest = segments.map((segment) => ({
    path: `/${segmentsBucket(bucket)}/${segment.path}`,
    etag: segment.etag,
    size_bytes: segment.usedBytes
  }))
  const attempt = { method: 'PUT', bucket, path } as const
  const answer = await account.ask({
    ...attempt,
    query: { 'multipart-manifest': 'put' },
    headers: { ...upload.headers, ...writeMarks({ md5: content.md5, upload: name }) },
    body: Buffer.from(JSON.stringify(manifest)),
    signal: options.signal
  })
  // What became of it after other failures, `sweep` finds out.
  const isRefused = answer.status >= 400 && answer.status < 500 && !busy.includes(answer.status)
  if (isRefused && !(await mayBeStored(upload, name)))
    await removeSegments(
      upload,
      segments.map((segment) => segment.path)
    )
  if (answer.status !== 201) throw await failureOf(account.name, attempt, answer)
  // Both servers compute this from what the manifest says, so it tells whether that came as it was sent.
  const etag = createHash('md5')
    .update(segments.map((segment) => segment.etag).join(''))
    .digest('hex')
  if (readEtag(answer.headers) !== etag) throw damaged(upload, answer, etag)
  return describeUpload(upload, content, answer)
}

/** Of a manifest that was sent again, the first may be there and only its answer lost: then the segments are its content. */
async function mayBeStored({ account, bucket, path }: Upload, name: string): Promise<boolean> {
  try {
    const found = await headObject(account, bucket, path)
    return found?.isLarge === true && (found.upload ?? name) === name
  } catch {
    return true
  }
}

/** What is left all the same, `sweep` finds. */
async function removeSegments({ account, bucket }: Upload, paths: readonly string[]): Promise<void> {
  const remove = async (path: string): Promise<void> => {
    const answer = await account.send({ method: 'DELETE', bucket: segmentsBucket(bucket), path, accept: [404] })
    await answer.body.dump()
  }
  await Promise.allSettled(paths.map(remove))
}
