import { Readable } from 'node:stream'
import { spreadTasks } from '@lautta/core/job/array-tasks'
import type { Attempt } from '@lautta/core/job/job'
import { type LogFile, logsOf, type SourceLogs } from '@lautta/core/job/job-logs'
import { mapLimited } from '@lautta/core/map-limited'
import { logPath, type Run } from '@lautta/core/object-names'
import { readLogIndex, type TaskBytes, writeLogIndex } from '@lautta/object-store/log-index'
import { type LogPiece, listPiecesByStream } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import type { FileState } from '@lautta/platforms/files/file-parts'
import type { LogReader } from '@lautta/platforms/log-reader'
import { bringPieces, type Growth, pieceBytes, textType } from './bring-pieces.ts'
import { type FilePlace, readPlace } from './file-place.ts'
import { broughtOf, findGrowth, findReplacement, type KnownLog, restartOf } from './log-growth.ts'

// Of a task that runs, less than that is not worth an object, unless the last one is that old.
const worthBytes = 64 * 1024
const worthMs = 10 * 60 * 1000
const requestsAtOnce = 8

/** The most bytes that one look brings: others wait for its place. */
export const mostLookBytes = 64 * 1024 * 1024

/** What a look at logs came to; `unreadable` are files that are there and can not be read. */
export interface LogLook {
  broughtBytes: number
  /** What it saw, and left for the next one. */
  leftBytes: number
  unreadable: LogFile[]
}

/**
 * Brings what the logs of an attempt have grown by since the last time: one command looks at all of them, and only new
 * bytes cross the network, with a few before them by which a file that began anew is known (`log-growth.ts`).
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
  const states = await reader.look(pathsOf(files))
  if (states.size === 0) return { broughtBytes: 0, leftBytes: 0, unreadable: [] }
  const pieces = await listPiecesByStream(store, bucket, run)
  const isWanted = chooseLogs(attempt, now)
  const wanted = files.flatMap((file) => {
    const state = states.get(file.file) ?? null
    const log = { file, pieces: pieces.get(file.stream) ?? [], restart: attempt.restart }
    return state !== null && isWanted(log, state) ? [{ ...log, state }] : []
  })
  const known = await mapLimited(wanted, requestsAtOnce, async (log): Promise<KnownLog> => {
    return { ...log, place: await findPlace(store, bucket, log.pieces.at(-1)) }
  })
  const byStream = new Map(known.map((log) => [log.file.stream, log]))
  const first = limitGrowths(
    known.flatMap((log) => findGrowth(log) ?? []),
    mostLookBytes
  )
  const { broughtBytes, replaced } = await bringPieces(store, bucket, reader, run, first.growths)
  const others = replaced.flatMap(({ stream }) => byStream.get(stream) ?? []).map(findReplacement)
  const second = limitGrowths(others, mostLookBytes)
  const again = await bringPieces(store, bucket, reader, run, second.growths)
  return {
    broughtBytes: broughtBytes + again.broughtBytes,
    leftBytes: first.leftBytes + second.leftBytes,
    unreadable: unreadableOf(files, states)
  }
}

/** As much of what has grown as one look brings, in its sequence, and how much is left. */
function limitGrowths(growths: readonly Growth[], mostBytes: number): { growths: Growth[]; leftBytes: number } {
  let roomBytes = mostBytes
  let leftBytes = 0
  const limited = growths.flatMap((growth) => {
    const newBytes = Math.min(growth.newBytes, roomBytes)
    roomBytes -= newBytes
    leftBytes += growth.newBytes - newBytes
    const isWorthReading = newBytes > 0 || (growth.newBytes === 0 && growth.before.usedBytes > 0)
    return isWorthReading ? [{ ...growth, newBytes }] : []
  })
  return { growths: limited, leftBytes }
}

async function findPlace(store: ObjectStore, bucket: string, last: LogPiece | undefined): Promise<FilePlace | null> {
  if (last === undefined) return null
  const info = await store.head(bucket, last.path)
  return readPlace(info?.metadata ?? {}, last.offset + last.usedBytes)
}

/** Which logs are worth a closer look; at the end all of them are. */
function chooseLogs(attempt: Attempt, now: Date) {
  const isLast = hasEnded(attempt)
  const going = tasksUnderWay(attempt)
  return (log: Pick<KnownLog, 'file' | 'pieces' | 'restart'>, { usedBytes }: FileState): boolean => {
    const last = log.pieces.at(-1)
    const restart = restartOf(log)
    if (isLast || last === undefined || last.restart < restart) return true
    const newBytes = usedBytes - broughtOf(log.pieces, restart)
    if (newBytes === 0) return false
    const isAwaited = log.file.task !== null && going.has(log.file.task)
    return !isAwaited || newBytes < 0 || isWorthPiece(newBytes, last, now)
  }
}

/** The tasks whose logs may still grow. */
function tasksUnderWay(attempt: Attempt): Set<number> {
  if (hasEnded(attempt)) return new Set()
  const states = [...spreadTasks(attempt)]
  return new Set(states.flatMap(([task, { state }]) => (state === 'queued' || state === 'running' ? [task] : [])))
}

/** A task that prints now and then would make an object each time; its first bytes come at once. */
function isWorthPiece(newBytes: number, last: LogPiece, now: Date): boolean {
  return newBytes >= worthBytes || now.getTime() - Date.parse(last.modifiedAt) >= worthMs
}

/** Whether it runs no more: what its logs have now is all that they will have. */
export function hasEnded({ state }: Attempt): boolean {
  return state.kind === 'finishing' || state.kind === 'finished'
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
    const states = await reader.look(pathsOf(logs.files))
    const index = await readLogIndex(store, bucket, run, logs.source)
    if (index === null) await bringTogether(store, bucket, reader, run, logs, states)
    const brought = new Set(index?.map(({ task }) => task))
    unreadable.push(...unreadableOf(logs.files, states).filter(({ task }) => task === null || !brought.has(task)))
  }
  return unreadable
}

async function bringTogether(
  store: ObjectStore,
  bucket: string,
  reader: LogReader,
  run: Run,
  { source, files }: SourceLogs,
  states: ReadonlyMap<string, FileState | null>
): Promise<void> {
  const tasks: TaskBytes[] = []
  const parts = []
  let wholeBytes = 0
  for (const { file, task } of files) {
    const usedBytes = states.get(file)?.usedBytes ?? 0
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

function unreadableOf(files: readonly LogFile[], states: ReadonlyMap<string, FileState | null>): LogFile[] {
  return files.filter(({ file }) => states.get(file) === null)
}
