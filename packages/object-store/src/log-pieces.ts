import { Readable } from 'node:stream'
import { StorageError } from '@lautta/core/errors'
import { type LogSource, logPiecePrefix, type Run } from '@lautta/core/object-names'
import type { ObjectStore } from './object-store.ts'
import { listAll } from './read-object.ts'

/** A piece of a log: bytes of one stream from an offset on, in one run of SLURM's. */
export interface LogPiece {
  path: string
  restart: number
  offset: number
  usedBytes: number
}

/** The pieces of a stream that are there, in the sequence in which they make up the log. */
export async function listLogPieces(store: ObjectStore, bucket: string, run: Run, source: LogSource): Promise<LogPiece[]> {
  const prefix = logPiecePrefix(run, source)
  const pieces = (await listAll(store, bucket, prefix)).map(({ path, usedBytes }) => {
    const [restart = 0, offset = 0] = path.slice(prefix.length).split('-').map(Number)
    return { path, restart, offset, usedBytes }
  })
  return pieces.sort((a, b) => a.restart - b.restart || a.offset - b.offset)
}

/** The pieces as one stream, from a byte of the whole on. */
export function joinLogPieces(store: ObjectStore, bucket: string, pieces: readonly LogPiece[], from = 0): Readable {
  return Readable.from(readPieces(store, bucket, pieces, from))
}

async function* readPieces(
  store: ObjectStore,
  bucket: string,
  pieces: readonly LogPiece[],
  from: number
): AsyncGenerator<Buffer> {
  let skip = from
  for (const { path, usedBytes } of pieces) {
    if (skip >= usedBytes) {
      skip -= usedBytes
      continue
    }
    const found = await store.get(bucket, path, { first: skip })
    skip = 0
    // The whole log is there by now, and its pieces are removed: better no answer than one with a hole in it.
    if (found === null) throw new StorageError(`${path} is not there any more`)
    for await (const chunk of found.content) yield chunk
  }
}
