import { stat } from 'node:fs/promises'
import { CredentialsError } from '@lautta/core/errors'
import type { CredentialSettings } from './read-credential.ts'

const unavailableMs = 5000
const refusedLoginMs = 60_000

/**
 * Opens as `open` does; but who comes soon after a failure is told the same, and the host is left in peace: commands come
 * by the hundred. Other files of the credential are tried at once. It has one caller at a time.
 */
export function rememberFailure<Opened>(
  open: () => Promise<Opened>,
  files: CredentialSettings,
  nowMs: () => number = () => performance.now()
): () => Promise<Opened> {
  let last: { error: unknown; untilMs: number; stamp: string } | null = null
  return async () => {
    // Before they are read: a change in between is then one more attempt, and not one too few.
    const stamp = await stampOf(files)
    if (last !== null && nowMs() < last.untilMs && stamp === last.stamp) throw last.error
    try {
      return await open()
    } catch (error) {
      last = { error, untilMs: nowMs() + restMs(error), stamp }
      throw error
    }
  }
}

/** Files that can not serve were shown to no host: they may be read again at once. */
function restMs(error: unknown): number {
  if (!(error instanceof CredentialsError)) return unavailableMs
  return error.isRefusedByHost ? refusedLoginMs : 0
}

/** Changes with every change of the files, also of those behind links. */
async function stampOf({ privateKeyFile, certificateFile, passphraseFile }: CredentialSettings): Promise<string> {
  const stampOfFile = async (path: string | undefined): Promise<string> => {
    if (path === undefined) return ''
    // A file that is not there is one of its states.
    const found = await stat(path, { bigint: true }).catch(() => null)
    return found === null ? 'missing' : `${found.dev}:${found.ino}:${found.ctimeNs}`
  }
  return (await Promise.all([privateKeyFile, certificateFile, passphraseFile].map(stampOfFile))).join()
}
