import { StorageError } from '@lautta/core/errors'
import { joinLogParts, type LogPart } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'

/** So many bytes of a log. It is read part by part, because each may be gone, or another one, since it was listed. */
export async function readLogBytes(
  store: ObjectStore,
  bucket: string,
  parts: readonly LogPart[],
  from: number,
  bytes: number
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let [skip, left] = [from, bytes]
  for (const { path, usedBytes, first = 0 } of parts) {
    const wanted = Math.min(usedBytes - skip, left)
    if (wanted > 0) {
      const part = { path, first: first + skip, usedBytes: wanted }
      const read: Buffer[] = await joinLogParts(store, bucket, [part]).toArray()
      const readBytes = read.reduce((sum, chunk) => sum + chunk.length, 0)
      if (readBytes !== wanted) throw new StorageError(`${path} has ${readBytes} bytes where ${wanted} were expected`)
      chunks.push(...read)
      left -= wanted
    }
    skip = Math.max(0, skip - usedBytes)
  }
  return Buffer.concat(chunks)
}
