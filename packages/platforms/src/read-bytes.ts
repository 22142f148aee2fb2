import type { Readable } from 'node:stream'
import { RefusedError } from '@lautta/core/errors'

/** All of a stream that is known to be small. */
export async function readBytes(stream: Readable, limitBytes = 64 * 1024 * 1024): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes > limitBytes) throw new RefusedError(`it is longer than ${limitBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
