import { Readable } from 'node:stream'
import { StorageError } from '@lautta/core/errors'
import type { Attempt } from '@lautta/core/job/job'
import { type LogFile, logsOf, type SourceLogs } from '@lautta/core/job/job-logs'
import { mapLimited } from '@lautta/core/map-limited'
import {
  type LogStream,
  logPath,
  logPiecesPrefix,
  logStreamOf,
  logTablePath,
  type Run,
  timesPath
} from '@lautta/core/object-names'
import { readLogIndex } from '@lautta/object-store/log-index'
import { addUnlisted, joinLogParts, type LogPiece, listPiecesByStream } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import { listAll } from '@lautta/object-store/read-object'
import { type LogBytes, streamLogTable } from '@lautta/tables/log-table'
import { textType } from './bring-pieces.ts'

const requestsAtOnce = 8

/** A log as a whole, in an object of its own or behind those of other tasks. */
interface WholeLog {
  stream: LogStream
  usedBytes: number
}

/** An object with whole logs, one behind the other. */
interface LogObject {
  path: string
  logs: WholeLog[]
}

/**
 * Joins the pieces into the raw logs, and makes the log table of them, which says what could not be read. False: another
 * monitor has stored all of the run meanwhile.
 */
export async function finishLog(
  store: ObjectStore,
  bucket: string,
  run: Run,
  attempt: Attempt,
  unreadable: readonly LogFile[]
): Promise<boolean> {
  const pieces = await findPieces(store, bucket, run, attempt)
  // The pieces go after TIMES has come: as long as that is not there, they were all found.
  if ((await store.head(bucket, timesPath(run))) !== null) return false
  const objects: LogObject[] = []
  for (const logs of logsOf(attempt))
    objects.push(
      ...(logs.kept === 'live' ? await joinPieces(store, bucket, run, logs, pieces) : await findTasks(store, bucket, run, logs))
    )
  const table = streamLogTable(readForTable(store, bucket, objects, unreadable))
  await putVersioned(store, bucket, logTablePath(run), Readable.from(table, { objectMode: false }))
  return true
}

async function findPieces(store: ObjectStore, bucket: string, run: Run, attempt: Attempt): Promise<Map<string, LogPiece[]>> {
  const files = logsOf(attempt).flatMap((logs) => (logs.kept === 'live' ? logs.files : []))
  const listed = await listPiecesByStream(store, bucket, run)
  const found = await mapLimited(files, requestsAtOnce, async ({ stream }) => {
    return [stream, await addUnlisted(store, bucket, run, stream, listed.get(stream) ?? [])] as const
  })
  return new Map(found)
}

/** The bytes of all logs; behind those of one that can not be read, or for it, a line that says so. */
async function* readForTable(
  store: ObjectStore,
  bucket: string,
  objects: readonly LogObject[],
  unreadable: readonly LogFile[]
): AsyncGenerator<LogBytes> {
  const untold = new Map(unreadable.map(({ stream, file }) => [stream, `\n[Lautta: ${file} can not be read]\n`]))
  for (const object of objects) {
    for await (const { source, bytes, isLast } of readLogs(store, bucket, object)) {
      yield { source, bytes }
      const words = isLast ? untold.get(source) : undefined
      if (words === undefined) continue
      untold.delete(source)
      yield { source, bytes: Buffer.from(words) }
    }
  }
  for (const [source, words] of untold) yield { source, bytes: Buffer.from(words) }
}

/** The bytes of the logs in an object, which has to have all of them; an empty log has none. */
async function* readLogs(
  store: ObjectStore,
  bucket: string,
  { path, logs }: LogObject
): AsyncGenerator<LogBytes & { isLast: boolean }> {
  const chunks: AsyncIterator<Buffer> = joinLogParts(store, bucket, [{ path, usedBytes: sumBytes(logs) }])[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  for (const { stream, usedBytes } of logs) {
    for (let left = usedBytes; left > 0; ) {
      if (rest.length === 0) {
        const next = await chunks.next()
        if (next.done === true) throw new StorageError(`${path} is shorter than the logs that it has`)
        rest = next.value
      }
      const bytes = rest.subarray(0, left)
      rest = rest.subarray(bytes.length)
      left -= bytes.length
      yield { source: stream, bytes, isLast: left === 0 }
    }
  }
}

/** Makes one object of each log; a task that wrote nothing has none. */
async function joinPieces(
  store: ObjectStore,
  bucket: string,
  run: Run,
  { files }: SourceLogs,
  pieces: ReadonlyMap<string, LogPiece[]>
): Promise<LogObject[]> {
  const written = files.filter(({ task, stream }) => task === null || pieces.get(stream)?.length)
  return mapLimited(written, requestsAtOnce, async ({ stream }) => {
    const path = logPath(run, stream)
    const parts = pieces.get(stream) ?? []
    const usedBytes = sumBytes(parts)
    await putVersioned(store, bucket, path, joinLogParts(store, bucket, parts), { contentType: textType, usedBytes })
    return { path, logs: [{ stream, usedBytes }] }
  })
}

async function findTasks(store: ObjectStore, bucket: string, run: Run, { source }: SourceLogs): Promise<LogObject[]> {
  const tasks = (await readLogIndex(store, bucket, run, source)) ?? []
  const logs = tasks.map(({ task, usedBytes }) => ({ stream: logStreamOf(source, task), usedBytes }))
  return logs.length === 0 ? [] : [{ path: logPath(run, source), logs }]
}

function sumBytes(parts: readonly { usedBytes: number }[]): number {
  return parts.reduce((sum, { usedBytes }) => sum + usedBytes, 0)
}

/** The pieces are not needed any more once the whole is stored. */
export async function removePieces(store: ObjectStore, bucket: string, run: Run): Promise<void> {
  const pieces = await listAll(store, bucket, logPiecesPrefix(run))
  await mapLimited(pieces, requestsAtOnce, ({ path }) => store.delete(bucket, path))
}
