import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'

export const md5 = (content: Uint8Array | string): string => createHash('md5').update(content).digest('hex')

/** Bytes that differ everywhere, so that a hole or a double part is seen. */
export function patternOf(bytes: number): Buffer {
  const pattern = Buffer.alloc(bytes)
  for (let at = 0; at + 4 <= bytes; at += 4) pattern.writeUInt32BE(at, at)
  return pattern
}

/** Content as it comes over a network. */
export function streamOf(content: Buffer, chunkBytes = 65_536): Readable {
  return Readable.from(chunksOf(content, chunkBytes), { objectMode: false })
}

/** Content that breaks after so many bytes. */
export function breakingStream(content: Buffer, afterBytes: number): Readable {
  return Readable.from(
    (function* () {
      yield* chunksOf(content.subarray(0, afterBytes), 65_536)
      throw new Error('the source broke')
    })(),
    { objectMode: false }
  )
}

function* chunksOf(content: Buffer, chunkBytes: number): Generator<Buffer> {
  for (let at = 0; at < content.length; at += chunkBytes) yield content.subarray(at, at + chunkBytes)
}
