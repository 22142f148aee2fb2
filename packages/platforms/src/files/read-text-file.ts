import { RefusedError } from '@lautta/core/errors'
import type { RemoteShell } from '../remote-shell.ts'
import { failureOf, remotePath, runScript } from './run-script.ts'

/** Reads a small text file, such as a batch script. */
export async function readTextFile(shell: RemoteShell, path: string, limitBytes: number): Promise<string> {
  const args = [remotePath(path), String(limitBytes + 1)]
  const { stdout, stderr, exitCode } = await runScript(shell, {
    script: 'exec head -c "$2" -- "$1"',
    args,
    doing: `reading ${path}`
  })
  if (exitCode !== 0) throw failureOf(path, stderr)
  if (stdout.length > limitBytes) throw new RefusedError(`${path} is longer than ${limitBytes} bytes`)
  return stdout.toString('utf8')
}
