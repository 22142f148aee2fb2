import { RefusedError } from '@lautta/core/errors'

const mostParts = 10_000
const partsOfOneSize = 1000
const mostPartBytes = 64 * 1024 ** 2

/**
 * The bytes of a stream in parts, of which the last one is as long as it happens to be. S3 takes 10,000 parts of an
 * object, so their length doubles after each thousand, but not beyond what we like to hold in memory. Parts that begin
 * with 8 MiB have room for 492 GiB. Parts that are used up are filled again: new ones all the time cost as much as SHA-256.
 */
export async function* cutStream(
  source: AsyncIterable<Uint8Array>,
  firstPartBytes: number,
  usedUp: Buffer[] = []
): AsyncGenerator<Buffer> {
  const nextPart = (): Buffer => {
    if (index === mostParts) throw tooLong(firstPartBytes)
    const bytes = partBytesOf(index, firstPartBytes)
    const old = usedUp.pop()
    return old?.length === bytes ? old : Buffer.allocUnsafeSlow(bytes)
  }
  let index = 0
  let part = nextPart()
  let usedBytes = 0
  for await (const chunk of source) {
    for (let left = chunk; left.length > 0; ) {
      if (usedBytes === part.length) {
        yield part
        index++
        part = nextPart()
        usedBytes = 0
      }
      const piece = left.subarray(0, part.length - usedBytes)
      part.set(piece, usedBytes)
      usedBytes += piece.length
      left = left.subarray(piece.length)
    }
  }
  if (usedBytes > 0) yield part.subarray(0, usedBytes)
}

/** How much can be put in parts. */
export function mostBytesInParts(firstPartBytes: number): number {
  let bytes = 0
  for (let index = 0; index < mostParts; index++) bytes += partBytesOf(index, firstPartBytes)
  return bytes
}

/** What is too long for all the parts that there are. */
export function tooLong(firstPartBytes: number): RefusedError {
  const bytes = mostBytesInParts(firstPartBytes).toLocaleString('en')
  return new RefusedError(`the content is longer than ${bytes} bytes`, { hint: 'Divide it into several objects.' })
}

function partBytesOf(index: number, firstPartBytes: number): number {
  return Math.min(firstPartBytes * 2 ** Math.floor(index / partsOfOneSize), mostPartBytes)
}
