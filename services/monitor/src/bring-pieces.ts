import { type LogStream, logPiecePath, type Run } from '@lautta/core/object-names'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { FilePart } from '@lautta/platforms/files/file-parts'
import type { LogReader } from '@lautta/platforms/log-reader'

/** What kind of bytes a log is. */
export const textType = 'text/plain; charset=utf-8'

/** The most bytes of a log that are held in memory. */
export const pieceBytes = 4 * 1024 * 1024

/** What is to be brought of one file, as pieces of one run of SLURM's. */
export interface Growth extends FilePart {
  stream: LogStream
  restart: number
}

/** Brings bytes of many files with one command; returns how many. */
export async function bringPieces(
  store: ObjectStore,
  bucket: string,
  reader: LogReader,
  run: Run,
  growths: readonly Growth[]
): Promise<number> {
  let brought = 0
  for await (const { part, from, bytes } of reader.read(growths, pieceBytes)) {
    const growth = growths[part]
    if (growth === undefined) throw new Error(`there is no part ${part}`)
    const path = logPiecePath(run, growth.stream, growth.restart, growth.offset + from)
    await store.put(bucket, path, bytes, { contentType: textType, metadata: { version: '1' } })
    brought += bytes.length
  }
  return brought
}
