import { Readable } from 'node:stream'
import { spreadTasks } from '@lautta/core/job/array-tasks'
import type { Attempt } from '@lautta/core/job/job'
import { type LogFile, logsOf, type SourceLogs } from '@lautta/core/job/job-logs'
import { logPath, type Run } from '@lautta/core/object-names'
import { readLogIndex, type TaskBytes, writeLogIndex } from '@lautta/object-store/log-index'
import { type LogPiece, listPiecesByStream } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import type { FilePart } from '@lautta/platforms/files/file-parts'
import type { LogReader } from '@lautta/platforms/log-reader'
import { bringPieces, pieceBytes, textType } from './bring-pieces.ts'

// Of a task that runs, less than that is not worth an object, unless the last one is that old.
const worthBytes = 64 * 1024
const worthMs = 10 * 60 * 1000

/** What a look at logs came to; `unreadable` are files that are there and can not be read. */
export interface LogLook {
  broughtBytes: number
  unreadable: LogFile[]
}

/**
 * Brings what the logs of an attempt have grown by since the last time: one command looks at all of them, and only new
 * bytes cross the network.
 */
export async function collectNewBytes(
  store: ObjectStore,
  bucket: string,
  reader: LogReader,
  run: Run,
  attempt: Attempt,
  now: Date
): Promise<LogLook> {
  const files = logsOf(attempt).flatMap((logs) => (logs.kept === 'live' ? logs.files : []))
  const sizes = await reader.measure(pathsOf(files))
  if (sizes.size === 0) return { broughtBytes: 0, unreadable: [] }
  const pieces = await listPiecesByStream(store, bucket, run)
  const going = tasksUnderWay(attempt)
  const growths = files.flatMap((file) => {
    const before = pieces.get(file.stream) ?? []
    const growth = growthOf(file, before, attempt.restart, sizes.get(file.file) ?? 0)
    const isAwaited = file.task !== null && going.has(file.task) && !isWorthPiece(growth, before, now)
    return growth.usedBytes > 0 && !isAwaited ? [{ ...growth, path: file.file, stream: file.stream }] : []
  })
  const broughtBytes = await bringPieces(store, bucket, reader, run, growths)
  return { broughtBytes, unreadable: unreadableOf(files, sizes) }
}

/** The tasks whose logs may still grow. */
function tasksUnderWay(attempt: Attempt): Set<number> {
  if (hasEnded(attempt)) return new Set()
  const states = [...spreadTasks(attempt)]
  return new Set(states.flatMap(([task, { state }]) => (state === 'queued' || state === 'running' ? [task] : [])))
}

/** A task that prints now and then would make an object each time; its first bytes come at once. */
function isWorthPiece({ offset, usedBytes }: Omit<FilePart, 'path'>, before: readonly LogPiece[], now: Date): boolean {
  const last = before.at(-1)
  return offset === 0 || last === undefined || usedBytes >= worthBytes || now.getTime() - Date.parse(last.modifiedAt) >= worthMs
}

/** Whether it runs no more: what its logs have now is all that they will have. */
export function hasEnded({ state }: Attempt): boolean {
  return state.kind === 'finishing' || state.kind === 'finished'
}

/**
 * What is new in a file. When a job was requeued SLURM begins its file anew. Of a job we know that; of one task in an
 * array the file tells: it is shorter than what was brought of it.
 */
function growthOf({ task }: LogFile, pieces: readonly LogPiece[], restartOfJob: number, sizeBytes: number) {
  const restart = task === null ? restartOfJob : (pieces.at(-1)?.restart ?? 0)
  const brought = pieces.filter((piece) => piece.restart === restart)
  const offset = Math.max(0, ...brought.map((piece) => piece.offset + piece.usedBytes))
  if (task !== null && sizeBytes < offset) return { restart: restart + 1, offset: 0, usedBytes: sizeBytes }
  return { restart, offset, usedBytes: sizeBytes - offset }
}

/**
 * Brings those logs of an attempt that has ended which are kept together: one object holds all tasks of a source, and an
 * index tells each one's bytes. The index comes last; when it is there, so is the log. Returns the files that are there and
 * can not be read: they are left out.
 */
export async function collectTogether(
  store: ObjectStore,
  bucket: string,
  reader: LogReader,
  run: Run,
  attempt: Attempt
): Promise<LogFile[]> {
  const unreadable: LogFile[] = []
  for (const logs of logsOf(attempt).filter(({ kept }) => kept === 'together')) {
    const sizes = await reader.measure(pathsOf(logs.files))
    const index = await readLogIndex(store, bucket, run, logs.source)
    if (index === null) await bringTogether(store, bucket, reader, run, logs, sizes)
    const brought = new Set(index?.map(({ task }) => task))
    unreadable.push(...unreadableOf(logs.files, sizes).filter(({ task }) => task === null || !brought.has(task)))
  }
  return unreadable
}

async function bringTogether(
  store: ObjectStore,
  bucket: string,
  reader: LogReader,
  run: Run,
  { source, files }: SourceLogs,
  sizes: ReadonlyMap<string, number | null>
): Promise<void> {
  const tasks: TaskBytes[] = []
  const parts = []
  let wholeBytes = 0
  for (const { file, task } of files) {
    const usedBytes = sizes.get(file) ?? 0
    if (usedBytes === 0 || task === null) continue
    tasks.push({ task, offset: wholeBytes, usedBytes })
    parts.push({ path: file, offset: 0, usedBytes })
    wholeBytes += usedBytes
  }
  if (wholeBytes === 0) return
  const content = Readable.from(onlyBytes(reader.read(parts, pieceBytes)))
  await putVersioned(store, bucket, logPath(run, source), content, { contentType: textType, usedBytes: wholeBytes })
  await writeLogIndex(store, bucket, run, source, tasks)
}

async function* onlyBytes(read: AsyncIterable<{ bytes: Buffer }>): AsyncGenerator<Buffer> {
  for await (const { bytes } of read) yield bytes
}

function pathsOf(files: readonly LogFile[]): string[] {
  return files.map(({ file }) => file)
}

function unreadableOf(files: readonly LogFile[], sizes: ReadonlyMap<string, number | null>): LogFile[] {
  return files.filter(({ file }) => sizes.get(file) === null)
}
