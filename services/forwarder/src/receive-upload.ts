import { Readable } from 'node:stream'
import { Problem } from './problem.ts'

/** What a client sends, on its way to the store. */
export interface Upload {
  content: Readable
  /** Why it must not be stored, where that is the client's matter; null as long as nothing speaks against it. */
  failure(): Error | null
}

export interface UploadOptions {
  /** Sees every part. */
  onChunk(chunk: Buffer): void
  /** The last word, when all has come: throws when it must not be stored. */
  judge(): Promise<void>
}

// Enough that neither side waits for the other at each part.
const bufferBytes = 256 * 1024

/**
 * Gives the store the body of an upload, but for its last part until all of it was judged: without that part no store
 * takes it for whole. When the store fails, what the client still sends is passed over, so that it hears the answer.
 */
export function receiveUpload(source: Readable, { onChunk, judge }: UploadOptions): Upload {
  let failure: Error | null = null
  let last: Buffer | null = null
  let receivedBytes = 0
  const content = new Readable({
    highWaterMark: bufferBytes,
    read: () => void source.resume(),
    destroy(error, done) {
      source.resume()
      done(error)
    }
  })
  // Whoever stores it hears of an error; one that comes before must not end the process.
  content.on('error', () => {})
  const fail = (error: Error): void => {
    failure ??= error
    content.destroy(error)
  }
  const breakOff = (): void => {
    if (!source.readableEnded) fail(new Problem(400, `the upload broke off after ${receivedBytes} bytes; nothing was stored`))
  }
  const finish = async (): Promise<void> => {
    if (content.destroyed) return
    await judge()
    if (last !== null) content.push(last)
    content.push(null)
  }
  source.on('data', (chunk: Buffer) => {
    if (content.destroyed) return
    receivedBytes += chunk.length
    onChunk(chunk)
    if (last !== null && !content.push(last)) source.pause()
    last = chunk
  })
  source.once('end', () => void finish().catch(fail))
  source.on('error', breakOff)
  source.on('close', breakOff)
  // The client may have left before.
  if (source.destroyed) breakOff()
  return { content, failure: () => failure }
}
