import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { messageOf, StorageError } from '@lautta/core/errors'
import type { StoreAnswer } from './http-client.ts'

export interface DownloadOptions {
  /** Named in errors. */
  path: string
  /** The answer that has begun. */
  first: StoreAnswer
  usedBytes: number
  /** What the whole must have; null when it is not known, or when this is a part. */
  md5: string | null
  /** The rest from an offset of these bytes on; null: it is another object by now, or gone. */
  resume(offset: number): Promise<StoreAnswer | null>
}

const triesWithoutProgress = 3

/** The bytes of an object. A body that breaks is taken up where it broke; what came is compared with its MD5 at the end. */
export function createDownload(options: DownloadOptions): Readable {
  const content: Readable = Readable.from(
    readParts(options, () => content.destroyed),
    { objectMode: false }
  )
  // A generator that was never begun does not end either: nobody else would let go of the connection. Undici tells that
  // as an error, which unheard ends the process.
  const { body } = options.first
  content.on('close', () => body.on('error', () => {}).destroy())
  // Who reads it may begin later than it fails: the stream keeps the error for them, but unheard it ends the process.
  return content.on('error', () => {})
}

async function* readParts(options: DownloadOptions, isGivenUp: () => boolean): AsyncGenerator<Buffer> {
  const { path, first, usedBytes, md5, resume } = options
  const hash = md5 === null ? null : createHash('md5')
  let offset = 0
  let answer = first
  for (let left = triesWithoutProgress; ; left--) {
    try {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        hash?.update(chunk)
        offset += chunk.length
        left = triesWithoutProgress
        yield chunk
      }
      if (offset === usedBytes) break
      throw new StorageError(`only ${offset} of ${usedBytes} bytes came`)
    } catch (cause) {
      // Who reads it broke off, which comes as an error of what was given to them last.
      if (isGivenUp()) throw cause
      const rest = left > 0 && offset < usedBytes ? await resume(offset) : null
      if (rest === null) throw new StorageError(`${path} could not be read to its end: ${messageOf(cause)}`, { cause })
      answer = rest
    }
  }
  const found = hash?.digest('hex') ?? null
  if (found !== md5) throw new StorageError(`${path}: the MD5 of what came is ${found}, not ${md5}`, { reason: 'damaged' })
}
