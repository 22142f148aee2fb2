import type { LogFile } from '@lautta/core/job/job-logs'
import { endOf, type LogPiece } from '@lautta/object-store/log-pieces'
import type { FileState } from '@lautta/platforms/files/file-parts'
import type { Growth } from './bring-pieces.ts'
import { type FilePlace, mostSampleBytes } from './file-place.ts'

const nothingBefore = { usedBytes: 0, sha256: '' }

/** A log as it is on the platform, and what was brought of it. */
export interface KnownLog {
  file: LogFile
  state: FileState
  /** In their sequence. */
  pieces: readonly LogPiece[]
  /** Where the last of them ends; null when there is none. */
  place: FilePlace | null
  /** Of the job, as the status tells it. */
  restart: number
}

/** How many bytes of a run of SLURM's were brought. */
export function broughtOf(pieces: readonly LogPiece[], restart: number): number {
  return endOf(
    pieces.findLast((piece) => piece.restart === restart),
    restart
  )
}

/** What SLURM's count of restarts is for a log: of one task in an array only its own file tells. */
export function restartOf({ file, pieces, restart }: Pick<KnownLog, 'file' | 'pieces' | 'restart'>): number {
  const last = pieces.at(-1)?.restart ?? 0
  return file.task === null ? Math.max(restart, last) : last
}

/**
 * The pieces up to a hole in the last run: what is behind it is brought once more with what is missing. A monitor that
 * stood still while another one went on may have written a shorter piece over a longer one.
 */
export function beforeHole(pieces: readonly LogPiece[]): LogPiece[] {
  const last = pieces.at(-1)?.restart
  const hole = pieces.findIndex(({ restart, offset }, at) => restart === last && offset > endOf(pieces[at - 1], restart))
  return hole < 0 ? [...pieces] : pieces.slice(0, hole)
}

/** Whether its file may have begun anew, as far as that look tells. */
export function seemsAnew({ state, place }: KnownLog): boolean {
  return place !== null && (state.usedBytes < place.position || state.inode !== place.inode)
}

/**
 * What a log has grown by since its last piece; null: nothing. Where SLURM tells of a restart, or the path means another file,
 * the file began anew, unless much of it is the same: then the job appends, or somebody put a copy in its place. A restart
 * may also be told after we saw the file begin anew.
 */
export function findGrowth(log: KnownLog): Growth | null {
  const { file, state, pieces, place } = log
  const restart = restartOf(log)
  if (place === null) return wholeFile(log, restart)
  const isOther = place.inode !== null && state.inode !== null && place.inode !== state.inode
  const isLonger = state.usedBytes >= place.position
  if (!isOther && state.usedBytes === place.position && state.modified === place.modified) return null
  const isRestarted = (pieces.at(-1)?.restart ?? 0) < restart
  const isSurelySame = place.sample.usedBytes === mostSampleBytes
  const isHardlyOther = !isOther && (!isRestarted || place.isAnew)
  if (isLonger && (isSurelySame || isHardlyOther)) return goOn(log, place, restart, place.isAnew && !isRestarted)
  if (isRestarted) return wholeFile(log, restart)
  // Of Ray's logs, and of those that an older Lautta brought, too little is known to say that they began anew.
  return place.inode === null && file.task === null ? null : anew(log)
}

/** What is to be brought of a log whose file turned out to be another one than that of its last piece. */
export function findReplacement(log: KnownLog): Growth {
  const restart = restartOf(log)
  return (log.pieces.at(-1)?.restart ?? 0) < restart ? wholeFile(log, restart) : anew(log)
}

function goOn(log: KnownLog, { position, sample }: FilePlace, restart: number, isAnew: boolean): Growth {
  const broughtBytes = broughtOf(log.pieces, restart)
  const newBytes = log.state.usedBytes - position
  return { ...partOf(log), restart, broughtBytes, position, before: sample, newBytes, isAnew }
}

/** All of a file, as what a run of SLURM's has written. */
export function wholeFile(log: Pick<KnownLog, 'file' | 'state'>, restart: number): Growth {
  const { usedBytes } = log.state
  return { ...partOf(log), restart, broughtBytes: 0, position: 0, before: nothingBefore, newBytes: usedBytes, isAnew: false }
}

/** A file that began anew: behind what was brought, and of a task as if SLURM had begun it anew. */
function anew(log: KnownLog): Growth {
  const restart = restartOf(log)
  if (log.file.task !== null) return wholeFile(log, restart + 1)
  return { ...wholeFile(log, restart), broughtBytes: broughtOf(log.pieces, restart), isAnew: true }
}

function partOf({ file, state }: Pick<KnownLog, 'file' | 'state'>) {
  return { path: file.file, stream: file.stream, state }
}
