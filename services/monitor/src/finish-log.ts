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
import { joinLogParts, type LogPart, type LogPiece, listPiecesByStream } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import { listAll } from '@lautta/object-store/read-object'
import { readBytes } from '@lautta/platforms/read-bytes'
import { writeLogTable } from '@lautta/tables/log-table'
import { textType } from './bring-pieces.ts'

const mostTableBytes = 16 * 1024 * 1024
const requestsAtOnce = 8

/** A log as a whole. */
interface WholeLog {
  stream: LogStream
  usedBytes: number
  path: string
}

/** What the log table has of a log. */
interface TableStream {
  source: LogStream
  content: Buffer
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
  const pieces = await listPiecesByStream(store, bucket, run)
  // The pieces go after TIMES has come: as long as that is not there, they were all listed.
  if ((await store.head(bucket, timesPath(run))) !== null) return false
  const table: TableStream[] = []
  for (const logs of logsOf(attempt)) {
    const whole =
      logs.kept === 'live' ? await joinPieces(store, bucket, run, logs, pieces) : await findTasks(store, bucket, run, logs)
    // One object may hold all of them, one behind the other.
    const parts = logs.kept === 'live' ? whole : [{ path: logPath(run, logs.source), usedBytes: sumBytes(whole) }]
    table.push(...(await readForTable(store, bucket, whole, parts)))
  }
  for (const { stream, file } of unreadable) tellUnreadable(table, stream, file)
  await putVersioned(store, bucket, logTablePath(run), writeLogTable(table))
  return true
}

function tellUnreadable(table: TableStream[], source: LogStream, file: string): void {
  const words = Buffer.from(`\n[Lautta: ${file} can not be read]\n`)
  const found = table.find((one) => one.source === source)
  if (found === undefined) table.push({ source, content: words })
  else found.content = Buffer.concat([found.content, words])
}

/** Makes one object of each log; a task that wrote nothing has none. */
async function joinPieces(
  store: ObjectStore,
  bucket: string,
  run: Run,
  { files }: SourceLogs,
  pieces: ReadonlyMap<string, LogPiece[]>
): Promise<WholeLog[]> {
  const written = files.filter(({ task, stream }) => task === null || pieces.has(stream))
  return mapLimited(written, requestsAtOnce, async ({ stream }) => {
    const path = logPath(run, stream)
    const content = joinLogParts(store, bucket, pieces.get(stream) ?? [])
    const { usedBytes } = await putVersioned(store, bucket, path, content, { contentType: textType })
    return { stream, path, usedBytes }
  })
}

async function findTasks(store: ObjectStore, bucket: string, run: Run, { source }: SourceLogs): Promise<WholeLog[]> {
  const tasks = (await readLogIndex(store, bucket, run, source)) ?? []
  return tasks.map(({ task, usedBytes }) => ({ stream: logStreamOf(source, task), usedBytes, path: logPath(run, source) }))
}

/** The table is made in memory: of very long logs it has the beginning, and a line that says so. */
async function readForTable(store: ObjectStore, bucket: string, logs: readonly WholeLog[], parts: readonly LogPart[]) {
  const read = await readBytes(joinLogParts(store, bucket, beginningOf(parts)))
  const streams: TableStream[] = []
  let offset = 0
  for (const [at, { stream, usedBytes, path }] of logs.entries()) {
    const content = read.subarray(offset, offset + usedBytes)
    offset += usedBytes
    if (content.length === usedBytes) {
      streams.push({ source: stream, content })
      continue
    }
    const others = logs.length - at - 1
    const more = others === 0 ? '' : `; ${others} more tasks have logs`
    const words = `\n[Lautta: the log goes on; all of its ${usedBytes} bytes are in ${path}${more}]\n`
    return [...streams, { source: stream, content: Buffer.concat([content, Buffer.from(words)]) }]
  }
  return streams
}

function beginningOf(parts: readonly LogPart[]): LogPart[] {
  let leftBytes = mostTableBytes
  return parts.flatMap((part) => {
    const usedBytes = Math.min(part.usedBytes, leftBytes)
    leftBytes -= usedBytes
    return usedBytes > 0 ? [{ ...part, usedBytes }] : []
  })
}

function sumBytes(logs: readonly WholeLog[]): number {
  return logs.reduce((sum, { usedBytes }) => sum + usedBytes, 0)
}

/** The pieces are not needed any more once the whole is stored. */
export async function removePieces(store: ObjectStore, bucket: string, run: Run): Promise<void> {
  const pieces = await listAll(store, bucket, logPiecesPrefix(run))
  await mapLimited(pieces, requestsAtOnce, ({ path }) => store.delete(bucket, path))
}
