import { Readable } from 'node:stream'
import { RefusedError, StorageError } from '@lautta/core/errors'
import type { StoreAnswer } from '../http/http-client.ts'
import { createDownload } from '../http/resuming-download.ts'
import type { ByteRange, ObjectInfo } from '../object-store.ts'
import type { SwiftAccount } from './account.ts'
import { describeObject, readEtag, type SwiftObject } from './describe-object.ts'

/** What is known of an object; null when it, or its bucket, is not there. */
export async function headObject(account: SwiftAccount, bucket: string, path: string): Promise<SwiftObject | null> {
  const answer = await account.send({ method: 'HEAD', bucket, path, accept: [404] })
  await answer.body.dump()
  return answer.status === 404 ? null : describeObject(path, answer)
}

/** An object's content, or a range of it; one that begins behind its end is empty. */
export async function getObject(
  account: SwiftAccount,
  bucket: string,
  path: string,
  range?: ByteRange
): Promise<{ info: ObjectInfo; content: Readable } | null> {
  const { first = 0, last = Number.POSITIVE_INFINITY } = range ?? {}
  if (last < first) throw new RefusedError(`${path}: the range ends before it begins`)
  const headers = range === undefined ? {} : { range: rangeHeader(first, last) }
  const answer = await account.send({ method: 'GET', bucket, path, headers, isForReader: true, accept: [404, 416] })
  if (answer.status === 404 || answer.status === 416) {
    await answer.body.dump()
    const found = answer.status === 404 ? null : await headObject(account, bucket, path)
    return found === null ? null : { info: found.info, content: Readable.from([]) }
  }
  const { info, md5, storeEtag } = describeContent(path, answer, { first, last })
  const end = Math.min(last, info.usedBytes - 1)
  const content = createDownload({
    path,
    first: answer,
    usedBytes: end - first + 1,
    md5: end - first + 1 === info.usedBytes ? md5 : null,
    async resume(offset) {
      // Not If-Match: RGW answers 412 for each large object.
      const request = { method: 'GET', bucket, path, headers: { range: rangeHeader(first + offset, end) } } as const
      const rest = await account.send({ ...request, isForReader: true, accept: [404, 416] })
      if (rest.status === 206 && readEtag(rest.headers) === storeEtag) return rest
      rest.body.destroy()
      return null
    }
  })
  return { info, content }
}

/** The object whose content begins to come; if that is not what was asked for, it is let go of. */
function describeContent(path: string, answer: StoreAnswer, { first, last }: Required<ByteRange>): SwiftObject {
  try {
    const object = describeObject(path, answer)
    if (answer.status === 206 || (first === 0 && last >= object.info.usedBytes - 1)) return object
    throw new StorageError(`${path}: the whole of it comes instead of a range`)
  } catch (error) {
    answer.body.destroy()
    throw error
  }
}

function rangeHeader(first: number, last: number): string {
  return `bytes=${first}-${Number.isFinite(last) ? last : ''}`
}
