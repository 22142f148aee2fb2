import { type LogStream, logPiecePath, type Run } from '@lautta/core/object-names'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { FileState } from '@lautta/platforms/files/file-parts'
import type { LogReader } from '@lautta/platforms/log-reader'
import { type FileSample, isSample, mostSampleBytes, takeSample, writePlace } from './file-place.ts'

/** What kind of bytes a log is. */
export const textType = 'text/plain; charset=utf-8'

/** The most bytes of a log that are held in memory. */
export const pieceBytes = 4 * 1024 * 1024

/** What is to be brought of one file, as pieces of one run of SLURM's. */
export interface Growth {
  path: string
  stream: LogStream
  restart: number
  /** How many bytes of that run of SLURM's are there already. */
  broughtBytes: number
  /** Where in the file the new bytes begin, and what must stand before them; nothing at the file's beginning. */
  position: number
  before: FileSample
  newBytes: number
  state: FileState
  isAnew: boolean
}

/**
 * Brings bytes of many files with one command; returns how many, and of which files nothing was brought, because they are
 * others than those that the new bytes were to follow.
 */
export async function bringPieces(
  store: ObjectStore,
  bucket: string,
  reader: LogReader,
  run: Run,
  growths: readonly Growth[]
): Promise<{ broughtBytes: number; replaced: Growth[] }> {
  const replaced = new Set<Growth>()
  let broughtBytes = 0
  let tail: Buffer = Buffer.alloc(0)
  const parts = growths.map(({ path, position, before, newBytes }) => {
    return { path, offset: position - before.usedBytes, usedBytes: before.usedBytes + newBytes }
  })
  for await (const { part, from, bytes } of reader.read(parts, pieceBytes)) {
    const growth = growths[part]
    if (growth === undefined) throw new Error(`there is no part ${part}`)
    const { stream, restart, before, state, isAnew } = growth
    const comparedBytes = from === 0 ? before.usedBytes : 0
    if (from === 0) {
      tail = bytes.subarray(0, comparedBytes)
      if (!isSample(tail, before)) replaced.add(growth)
    }
    const fresh = bytes.subarray(comparedBytes)
    if (replaced.has(growth) || fresh.length === 0) continue
    const doneBytes = from + comparedBytes - before.usedBytes
    tail = lastBytes(tail, fresh)
    const place = { ...state, position: growth.position + doneBytes + fresh.length, sample: takeSample(tail), isAnew }
    const path = logPiecePath(run, stream, restart, growth.broughtBytes + doneBytes)
    await store.put(bucket, path, fresh, { contentType: textType, metadata: { version: '1', ...writePlace(place) } })
    broughtBytes += fresh.length
  }
  return { broughtBytes, replaced: [...replaced] }
}

function lastBytes(tail: Buffer, bytes: Buffer): Buffer {
  if (bytes.length >= mostSampleBytes) return bytes.subarray(-mostSampleBytes)
  return Buffer.concat([tail, bytes]).subarray(-mostSampleBytes)
}
