import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { type LauttaError, RefusedError } from '@lautta/core/errors'
import { brokenSource } from '../http/upload-checks.ts'

/** A stream that is uploaded, as a whole or piece by piece. */
export interface UploadSource {
  takeAll(): Readable
  /** The next bytes, so many at most; when the one before has been read. */
  takePiece(mostBytes: number): Piece
  isAtEnd(): Promise<boolean>
  /** What was wrong with the stream itself. */
  failure(): LauttaError | null
  /** Of the whole, at its end. */
  md5(): string
  /** Of what came so far. */
  usedBytes(): number
}

/** A part of a stream; its MD5 and length are known when it has been read. */
interface Piece {
  body: Readable
  md5(): string
  usedBytes(): number
}

/** Reads a stream once, computes its MD5, and compares its length with the stated one. */
export function createUploadSource(path: string, stream: Readable, statedBytes?: number): UploadSource {
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  const whole = createHash('md5')
  let ahead: Uint8Array | null = null
  let cameBytes = 0
  let failure: LauttaError | null = null

  const read = async (): Promise<Uint8Array | null> => {
    const next = await iterator.next()
    const isOver = next.done === true
    if (!isOver) {
      whole.update(next.value)
      cameBytes += next.value.length
    }
    if (statedBytes !== undefined && (isOver ? cameBytes !== statedBytes : cameBytes > statedBytes))
      throw new RefusedError(`${path}: ${isOver ? '' : 'at least '}${cameBytes} bytes came, not ${statedBytes}`)
    return isOver ? null : next.value
  }
  const readAhead = async (): Promise<Uint8Array | null> => {
    try {
      let chunk = await read()
      while (chunk?.length === 0) chunk = await read()
      return chunk
    } catch (error) {
      failure = brokenSource(path, error)
      throw failure
    }
  }
  async function* readPieces(mostBytes: number): AsyncGenerator<Uint8Array> {
    let leftBytes = mostBytes
    ahead ??= await readAhead()
    while (ahead !== null && leftBytes > 0) {
      const part: Uint8Array = ahead.subarray(0, leftBytes)
      // The next is read before this is sent: a stream that breaks, or is too long, does so before its last byte is out.
      ahead = part.length < ahead.length ? ahead.subarray(leftBytes) : await readAhead()
      leftBytes -= part.length
      yield part
    }
  }

  return {
    takeAll: () => Readable.from(readPieces(Number.POSITIVE_INFINITY), { objectMode: false }),
    takePiece: (mostBytes) => createPiece(readPieces(mostBytes)),
    async isAtEnd() {
      ahead ??= await readAhead()
      return ahead === null
    },
    failure: () => failure,
    md5: () => whole.copy().digest('hex'),
    usedBytes: () => cameBytes
  }
}

function createPiece(parts: AsyncIterable<Uint8Array>): Piece {
  const hash = createHash('md5')
  let usedBytes = 0
  async function* read(): AsyncGenerator<Uint8Array> {
    for await (const part of parts) {
      hash.update(part)
      usedBytes += part.length
      yield part
    }
  }
  const body = Readable.from(read(), { objectMode: false })
  return { body, md5: () => hash.copy().digest('hex'), usedBytes: () => usedBytes }
}
