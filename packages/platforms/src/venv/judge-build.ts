import { RefusedError } from '@lautta/core/errors'
import { fullDiskOf } from '../full-disk.ts'
import { diskFullCode, tooLateCode } from './build-script.ts'

/** Why a build can't go on now, though nothing is wrong with what was asked. */
export interface StuckBuild {
  kind: 'stuck'
  on: 'platform-disk' | 'platform'
  reason: string
}

const mostLines = 8
const longestLine = 300

// pip's own patience has ended. Its last words are then that there is no such package, which nobody knows.
const isOutOfReach = /Retry\(total=0|Max retries exceeded|Read timed out|Connection aborted/
const isUnwell = /Input\/output error|Stale (?:NFS )?file handle|Transport endpoint|Resource temporarily unavailable/

/** What it means that a build failed; throws RefusedError when it is the user's to change something. */
export function judgeBuild(folder: string, exitCode: number, log: string): StuckBuild {
  const words = readLastWords(log)
  const failed = `the venv ${folder} could not be built`
  const full = fullDiskOf(`${failed}: ${words}`, log)
  if (full !== null) return { kind: 'stuck', on: 'platform-disk', reason: `${full.message} (${full.hint})` }
  if (exitCode === diskFullCode) return { kind: 'stuck', on: 'platform-disk', reason: `${failed}: the disk is full` }
  if (isOutOfReach.test(log)) {
    return { kind: 'stuck', on: 'platform', reason: `${failed}, because pip does not reach its index: ${words}` }
  }
  if (isUnwell.test(log)) return { kind: 'stuck', on: 'platform', reason: `${failed}: ${words}` }
  if (exitCode === tooLateCode) throw new RefusedError(`${failed} within an hour`, { hint: tooMuch })
  if (exitCode > 128) throw new RefusedError(`${failed}: it was killed. ${words}`.trim(), { hint: tooMuch })
  throw new RefusedError(`${failed}: ${words || `exit code ${exitCode}`}`)
}

const tooMuch = 'a login node ends what takes long or much memory: build the venv in a job, and name it then'

/** Of pip's words those that tell what went wrong, not all that it did before. */
function readLastWords(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '')
  const telling = lines.filter((line) => /error|no space left|quota exceeded|no such file|denied|not found/i.test(line))
  const shown = (telling.length > 0 ? telling : lines).slice(-mostLines)
  return shown.map((line) => line.trim().slice(0, longestLine)).join('\n')
}
