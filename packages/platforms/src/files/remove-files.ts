import type { RemoteShell } from '../remote-shell.ts'
import { failureOf, runScript, secondsToRead } from './run-script.ts'

/** A file that was copied, by its `remotePath`, and as it was then. */
export interface CopiedFile {
  path: string
  sha1: string
  usedBytes: number
}

// Each is compared just before it is removed. What is not there any more is no matter.
const script = `exec xargs -0 -r -n 2 sh -c '
[ -e "$2" ] || exit 0
found=$(sha1sum <"$2") && [ "\${found%% *}" = "$1" ] && rm -f -- "$2" || printf "%s\\0" "$2"' lautta`

/** Removes those files that are now as they were when they were copied; answers which others are there. */
export async function removeUnchanged(shell: RemoteShell, copied: readonly CopiedFile[]): Promise<Set<string>> {
  const { stdout, stderr, exitCode } = await runScript(shell, {
    script,
    stdin: copied.map(({ path, sha1 }) => `${sha1}\0${path}\0`).join(''),
    doing: 'removing files',
    timeoutSeconds: secondsToRead(copied.reduce((sum, { usedBytes }) => sum + usedBytes, 0))
  })
  if (exitCode !== 0) throw failureOf('removing what was brought', stderr)
  return new Set(stdout.toString('utf8').split('\0').slice(0, -1))
}
