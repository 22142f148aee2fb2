import { Readable } from 'node:stream'
import { gather } from '../http/gather.ts'
import { brokenSource } from '../http/upload-checks.ts'
import type { ObjectInfo } from '../object-store.ts'
import { putLargeObject } from './put-large-object.ts'
import { putBytes, putStream, type Upload } from './put-object.ts'
import { createUploadSource } from './upload-source.ts'

const mostGatheredBytes = 8 * 1024 ** 2

/** Puts bytes or a stream in the way that its length allows: what is short can be sent again, what is long can not. */
export async function putContent(upload: Upload, content: Uint8Array | Readable, segmentBytes: number): Promise<ObjectInfo> {
  if (!(content instanceof Readable)) return putBytes(upload, content)
  // Whoever reads it will see the error too; while nobody does, it would end the process.
  content.on('error', () => {})
  try {
    return await putReadable(upload, content, segmentBytes)
  } finally {
    content.destroy()
  }
}

async function putReadable(upload: Upload, content: Readable, segmentBytes: number): Promise<ObjectInfo> {
  const { path, options } = upload
  const { usedBytes } = options
  const mostBytes = Math.min(mostGatheredBytes, segmentBytes)
  const isLong = usedBytes !== undefined && usedBytes > mostBytes
  const gathered = isLong
    ? { rest: content }
    : await gather(content, mostBytes, options.signal).catch((cause: unknown) => {
        throw brokenSource(path, cause)
      })
  if ('whole' in gathered) return putBytes(upload, gathered.whole)
  const source = createUploadSource(path, gathered.rest, usedBytes)
  try {
    if (usedBytes !== undefined && usedBytes <= segmentBytes) return await putStream(upload, source, usedBytes)
    return await putLargeObject(upload, source, segmentBytes)
  } catch (cause) {
    // To the connection, a source that breaks is a request that was given up.
    throw source.failure() ?? cause
  } finally {
    gathered.rest.destroy()
  }
}
