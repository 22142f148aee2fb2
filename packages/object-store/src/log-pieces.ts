import { Readable } from 'node:stream'
import { StorageError } from '@lautta/core/errors'
import { type LogStream, logPiecePrefix, logPiecesPrefix, type Run } from '@lautta/core/object-names'
import type { ObjectEntry, ObjectStore } from './object-store.ts'
import { listAll } from './read-object.ts'

/** Bytes of a log, in one object. */
export interface LogPart {
  path: string
  usedBytes: number
  /** Where they begin in the object; at its beginning when absent. */
  first?: number
}

/** A piece of a log: bytes of one stream from an offset on, in one run of SLURM's. */
export interface LogPiece extends LogPart {
  restart: number
  offset: number
  modifiedAt: string
}

/** The pieces of a stream that are there, in the sequence in which they make up the log. */
export async function listLogPieces(store: ObjectStore, bucket: string, run: Run, stream: LogStream): Promise<LogPiece[]> {
  const prefix = logPiecePrefix(run, stream)
  return (await listAll(store, bucket, prefix)).map((entry) => readPiece(entry, prefix.length)).sort(inSequence)
}

/** The pieces of all streams of a run, by the stream's name. */
export async function listPiecesByStream(store: ObjectStore, bucket: string, run: Run): Promise<Map<string, LogPiece[]>> {
  const prefix = logPiecesPrefix(run)
  const byStream = new Map<string, LogPiece[]>()
  for (const entry of await listAll(store, bucket, prefix)) {
    const stream = entry.path.slice(prefix.length, entry.path.lastIndexOf('/'))
    const pieces = byStream.get(stream) ?? []
    byStream.set(stream, pieces)
    pieces.push(readPiece(entry, prefix.length + stream.length + 1))
  }
  for (const pieces of byStream.values()) pieces.sort(inSequence)
  return byStream
}

function readPiece({ path, usedBytes, modifiedAt }: ObjectEntry, prefixLength: number): LogPiece {
  const [restart = 0, offset = 0] = path.slice(prefixLength).split('-').map(Number)
  return { path, restart, offset, usedBytes, modifiedAt }
}

function inSequence(one: LogPiece, other: LogPiece): number {
  return one.restart - other.restart || one.offset - other.offset
}

/** The parts as one stream, from a byte of the whole on. */
export function joinLogParts(store: ObjectStore, bucket: string, parts: readonly LogPart[], from = 0): Readable {
  return Readable.from(readParts(store, bucket, parts, from))
}

async function* readParts(store: ObjectStore, bucket: string, parts: readonly LogPart[], from: number): AsyncGenerator<Buffer> {
  let skip = from
  for (const { path, usedBytes, first = 0 } of parts) {
    if (skip >= usedBytes) {
      skip -= usedBytes
      continue
    }
    const found = await store.get(bucket, path, { first: first + skip, last: first + usedBytes - 1 })
    skip = 0
    // The whole log is there by now, and its pieces are removed: better no answer than one with a hole in it.
    if (found === null) throw new StorageError(`${path} is not there any more`)
    for await (const chunk of found.content) yield chunk
  }
}
