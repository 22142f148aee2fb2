import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { ObjectInfo, ObjectStore } from '@lautta/object-store/object-store'
import { versionAfter } from '@lautta/object-store/put-versioned'
import type { Locks } from '@lautta/queue/locks'
import { failedCondition, isConditional } from './object-conditions.ts'
import { createDigestCheck, readDigests } from './object-digests.ts'
import { readMetadata } from './object-metadata.ts'
import { Problem } from './problem.ts'
import { receiveUpload } from './receive-upload.ts'

interface Place {
  bucket: string
  path: string
}

/** Puts and removes objects as requests ask for it, with their conditions and checksums. */
export function createObjectWriter(store: ObjectStore, locks: Locks) {
  const requireConditions = async ({ bucket, path }: Place, headers: IncomingHttpHeaders): Promise<ObjectInfo | null> => {
    const current = await store.head(bucket, path)
    const failed = failedCondition(headers, current)
    if (failed !== null && failed !== 'if-modified-since') throw failedProblem(failed, path, current)
    return current
  }
  /** Stores can't compare and write in one step, so that those who ask for a condition wait for each other. */
  const alone = <Result>({ bucket, path }: Place, work: (lost: AbortSignal) => Promise<Result>): Promise<Result> =>
    locks.withLock(`object:${bucket}/${path}`, work)

  return {
    /** `onAccepted` is called once nothing speaks against the upload but its content. */
    async put(place: Place, headers: IncomingHttpHeaders, source: Readable, onAccepted: () => void): Promise<ObjectInfo> {
      if (headers['content-range'] !== undefined) throw new Problem(400, 'an object is put as a whole, not in ranges')
      const contentType = readContentType(headers)
      const metadata = readMetadata(headers)
      const digests = readDigests(headers)
      const former = await requireConditions(place, headers)
      onAccepted()

      let settle = (): void => {}
      const settled = new Promise<void>((resolve) => {
        settle = resolve
      })
      /** Looks once more at what is there, and lets nobody change it until the store has answered. */
      const requireStill = () =>
        new Promise<void>((resolve, reject) => {
          alone(place, async (lost) => {
            await requireConditions(place, headers)
            // Somebody else may look and write by then: better nothing than over them.
            lost.addEventListener('abort', () => ending.abort())
            resolve()
            await settled
          }).catch(reject)
        })
      const ending = new AbortController()
      const check = createDigestCheck(digests)
      const upload = receiveUpload(source, {
        onChunk: check.update,
        async judge() {
          check.verify()
          if (isConditional(headers)) await requireStill()
        }
      })
      const usedBytes = statedBytes(headers)
      const md5 = digests.find(({ algorithm }) => algorithm === 'md5')?.expected
      try {
        return await store.put(place.bucket, place.path, upload.content, {
          contentType,
          metadata: { ...metadata, version: versionAfter(former) },
          signal: ending.signal,
          ...(usedBytes === null ? {} : { usedBytes }),
          ...(md5 === undefined ? {} : { md5 })
        })
      } catch (error) {
        // The store tells in its own words that the stream broke; why it did is the answer.
        throw upload.failure() ?? error
      } finally {
        settle()
        // A store that failed before it read anything would leave the client waiting.
        upload.content.destroy()
      }
    },

    async delete(place: Place, headers: IncomingHttpHeaders): Promise<void> {
      const remove = () => store.delete(place.bucket, place.path)
      if (!isConditional(headers)) return remove()
      await alone(place, async () => {
        await requireConditions(place, headers)
        await remove()
      })
    }
  }
}
export type ObjectWriter = ReturnType<typeof createObjectWriter>

/** No store keeps other signs than these, and S3's signature would be another. */
function readContentType({ 'content-type': type = 'application/octet-stream' }: IncomingHttpHeaders): string {
  if (/^[\x20-\x7e]+$/.test(type)) return type
  throw new Problem(400, 'the content-type has signs in it that are not plain ASCII')
}

/** Null: it comes in chunks, and ends when it ends. */
function statedBytes(headers: IncomingHttpHeaders): number | null {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : null
}

function failedProblem(failed: string, path: string, current: ObjectInfo | null): Problem {
  const detail = current === null ? `there is no object ${path}` : `${path} is there already, with the ETag "${current.etag}"`
  return new Problem(412, detail, { errors: [{ path: failed, message: 'the condition does not hold' }] })
}
