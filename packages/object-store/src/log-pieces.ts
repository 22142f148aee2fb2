import { Readable } from 'node:stream'
import { StorageError } from '@lautta/core/errors'
import { type LogStream, logPiecePath, logPiecePrefix, logPiecesPrefix, type Run } from '@lautta/core/object-names'
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
  return inSequence((await listAll(store, bucket, prefix)).map((entry) => readPiece(entry, prefix.length)))
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
  return new Map([...byStream].map(([stream, pieces]) => [stream, inSequence(pieces)]))
}

/**
 * The pieces with those that the storage does not list yet: each is named for the place where the one in front of it ends,
 * so they can be asked for.
 */
export async function addUnlisted(
  store: ObjectStore,
  bucket: string,
  run: Run,
  stream: LogStream,
  listed: readonly LogPiece[]
): Promise<LogPiece[]> {
  const pieces: LogPiece[] = []
  const addUntil = async (restart: number, mostBytes: number): Promise<void> => {
    for (let end = endOf(pieces.at(-1), restart); end < mostBytes; end = endOf(pieces.at(-1), restart)) {
      const path = logPiecePath(run, stream, restart, end)
      const found = await store.head(bucket, path)
      if (found === null || found.usedBytes === 0) return
      pieces.push({ path, restart, offset: end, usedBytes: found.usedBytes, modifiedAt: found.modifiedAt })
    }
  }
  let restart = 0
  for (const piece of listed) {
    if (piece.restart > restart) await addUntil(restart, Number.POSITIVE_INFINITY)
    restart = piece.restart
    await addUntil(restart, piece.offset)
    pieces.push(piece)
  }
  do await addUntil(restart, Number.POSITIVE_INFINITY)
  while (pieces.at(-1)?.restart === restart++)
  return inSequence(pieces)
}

/** Where in a run of SLURM's a piece ends; 0 when it is of another one. */
export function endOf(piece: LogPiece | undefined, restart: number): number {
  return piece?.restart === restart ? piece.offset + piece.usedBytes : 0
}

function readPiece({ path, usedBytes, modifiedAt }: ObjectEntry, prefixLength: number): LogPiece {
  const [restart = 0, offset = 0] = path.slice(prefixLength).split('-').map(Number)
  return { path, restart, offset, usedBytes, modifiedAt }
}

/** Two that were brought side by side may have the same bytes: the second goes on where the first one ends. */
function inSequence(pieces: readonly LogPiece[]): LogPiece[] {
  const sorted = pieces.toSorted((one, other) => one.restart - other.restart || one.offset - other.offset)
  const joined: LogPiece[] = []
  for (const piece of sorted) {
    const { offset, usedBytes, first = 0 } = piece
    const doubleBytes = Math.max(0, endOf(joined.at(-1), piece.restart) - offset)
    if (doubleBytes === 0) joined.push(piece)
    else if (doubleBytes < usedBytes)
      joined.push({ ...piece, first: first + doubleBytes, offset: offset + doubleBytes, usedBytes: usedBytes - doubleBytes })
  }
  return joined
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
