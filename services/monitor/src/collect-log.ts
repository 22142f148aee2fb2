import { spreadTasks } from '@lautta/core/job/array-tasks'
import type { Attempt } from '@lautta/core/job/job'
import { type LogFile, logsOf } from '@lautta/core/job/job-logs'
import { mapLimited } from '@lautta/core/map-limited'
import type { LogStream, Run } from '@lautta/core/object-names'
import { addUnlisted, type LogPiece, listPiecesByStream } from '@lautta/object-store/log-pieces'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { FileState } from '@lautta/platforms/files/file-parts'
import type { LogReader } from '@lautta/platforms/log-reader'
import { bringPieces, type Growth } from './bring-pieces.ts'
import { type FilePlace, readPlace } from './file-place.ts'
import { beforeHole, broughtOf, findGrowth, findReplacement, type KnownLog, restartOf, seemsAnew } from './log-growth.ts'

// Of a task that runs, less than that is not worth an object, unless the last one is that old.
const worthBytes = 64 * 1024
const worthMs = 10 * 60 * 1000
// Each look lists all pieces of a log: the more there are, the longer is waited for the next one, unless somebody follows.
const fewPieces = 100
const waitMsOfPiece = 50
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

export interface LookPorts {
  now(): Date
  /** Those of the streams that somebody follows: a little of them is worth an object, too. */
  findFollowed(streams: readonly LogStream[]): Promise<ReadonlySet<LogStream>>
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
  { now, findFollowed }: LookPorts
): Promise<LogLook> {
  const files = logsOf(attempt).flatMap((logs) => (logs.kept === 'live' ? logs.files : []))
  const states = await reader.look(pathsOf(files))
  if (states.size === 0) return { broughtBytes: 0, leftBytes: 0, unreadable: [] }
  const pieces = await listPiecesByStream(store, bucket, run)
  const isWanted = chooseLogs(attempt, now(), await findFollowed(streamsInDoubt(attempt, files, states, pieces)))
  const wanted = files.flatMap((file) => {
    const state = states.get(file.file) ?? null
    const log = { file, pieces: pieces.get(file.stream) ?? [], restart: attempt.restart }
    return state !== null && isWanted(log, state) ? [{ ...log, state }] : []
  })
  const placed = await mapLimited(wanted, requestsAtOnce, async (log): Promise<KnownLog> => {
    const before = beforeHole(await addUnlisted(store, bucket, run, log.file.stream, log.pieces))
    return { ...log, pieces: before, place: await findPlace(store, bucket, before.at(-1)) }
  })
  const known = await lookAgain(reader, placed)
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

/** Another monitor may have brought what was written since we looked: no file began anew by that. */
async function lookAgain(reader: LogReader, logs: readonly KnownLog[]): Promise<KnownLog[]> {
  const states = await reader.look(pathsOf(logs.filter(seemsAnew).map(({ file }) => file)))
  return logs.map((log) => ({ ...log, state: states.get(log.file.file) ?? log.state }))
}

async function findPlace(store: ObjectStore, bucket: string, last: LogPiece | undefined): Promise<FilePlace | null> {
  if (last === undefined) return null
  const info = await store.head(bucket, last.path)
  return readPlace(info?.metadata ?? {}, last.offset + last.usedBytes)
}

/** Those of which a little may not be worth an object. */
function streamsInDoubt(
  attempt: Attempt,
  files: readonly LogFile[],
  states: ReadonlyMap<string, unknown>,
  pieces: ReadonlyMap<string, readonly LogPiece[]>
): LogStream[] {
  if (hasEnded(attempt)) return []
  const isInDoubt = ({ task, stream }: LogFile): boolean => task !== null || (pieces.get(stream)?.length ?? 0) >= fewPieces
  return files.filter((file) => states.has(file.file) && isInDoubt(file)).map(({ stream }) => stream)
}

/** Which logs are worth a closer look; at the end all of them are. */
function chooseLogs(attempt: Attempt, now: Date, followed: ReadonlySet<LogStream>) {
  const isLast = hasEnded(attempt)
  const going = tasksUnderWay(attempt)
  return (log: Pick<KnownLog, 'file' | 'pieces' | 'restart'>, { usedBytes }: FileState): boolean => {
    const last = log.pieces.at(-1)
    const restart = restartOf(log)
    if (isLast || last === undefined || last.restart < restart) return true
    const { task, stream } = log.file
    // Its length alone does not tell whether it is the same: the job may have written it anew.
    if (followed.has(stream) || (task === null && log.pieces.length < fewPieces)) return true
    const newBytes = usedBytes - broughtOf(log.pieces, restart)
    if (task === null) return newBytes >= worthBytes || isOlder(last, log.pieces.length * waitMsOfPiece, now)
    if (newBytes === 0) return false
    return !going.has(task) || newBytes < 0 || isWorthPiece(newBytes, last, now)
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
  return newBytes >= worthBytes || isOlder(last, worthMs, now)
}

function isOlder({ modifiedAt }: LogPiece, ageMs: number, now: Date): boolean {
  return now.getTime() - Date.parse(modifiedAt) >= ageMs
}

/** Whether it runs no more: what its logs have now is all that they will have. */
export function hasEnded({ state }: Attempt): boolean {
  return state.kind === 'finishing' || state.kind === 'finished'
}

/** Where they lie on the platform. */
export function pathsOf(files: readonly LogFile[]): string[] {
  return files.map(({ file }) => file)
}

/** Those that are there and can not be read. */
export function unreadableOf(files: readonly LogFile[], states: ReadonlyMap<string, FileState | null>): LogFile[] {
  return files.filter(({ file }) => states.get(file) === null)
}
