import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { LargeSource } from '../src/files/write-file.ts'

/** Bytes of every kind, in a sequence that tells where one of them comes from. */
export function testContent(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_none, index) => (index * 7919) % 251))
}

/** A source as an object store gives it, which notes from where it was opened. */
export function largeSource(content: Buffer, opened: number[] = []): LargeSource {
  return {
    usedBytes: content.length,
    identity: createHash('sha1').update(content).digest('hex'),
    async open(first) {
      opened.push(first)
      return Readable.from(content.subarray(first), { objectMode: false })
    }
  }
}
