import { LauttaError, RefusedError, UnavailableError } from '@lautta/core/errors'
import { fullDiskOf } from '../full-disk.ts'
import { readBytes } from '../read-bytes.ts'
import type { RemoteProcess, RemoteShell } from '../remote-shell.ts'
import { withTimeout } from '../run-command.ts'

/** A script over files, and what it is given; its paths are `remotePath`s. */
interface FileScript {
  script: string
  args?: readonly string[]
  stdin?: string
  /** What is done, for the case that it does not come to an end. */
  doing: string
  timeoutSeconds?: number
}

const usualSeconds = 300

/** The longest that reading so many bytes there may take. */
export const secondsToRead = (usedBytes: number): number => 3600 + usedBytes / 20e6

/** A path for a script: below the home unless it is absolute, and never one that begins with a dash. */
export function remotePath(path: string): string {
  if (path.startsWith('/')) return path
  const below = path.replace(/^~\/+/, '').replace(/^(\.\/+)+/, '')
  return below === '' || below === '~' || below === '.' ? '.' : `./${below}`
}

/** The path of what lies below a folder; no folder is the home. */
export function joinPath(folder: string, name: string): string {
  if (folder === '') return name
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`
}

/** Starts a script in the home, with the system's words in English. */
export function startScript(shell: RemoteShell, script: string, args: readonly string[] = []): Promise<RemoteProcess> {
  // A login shell's own files may have gone elsewhere.
  return shell.start(['sh', '-c', `export LC_ALL=C; cd -- "\${HOME:-.}" || exit\n${script}`, 'lautta', ...args], 'file')
}

/** Runs a script to its end; what it prints is bytes. */
export async function runScript(
  shell: RemoteShell,
  { script, args, stdin = '', doing, timeoutSeconds = usualSeconds }: FileScript
): Promise<{ stdout: Buffer; stderr: string; exitCode: number }> {
  const started = await startScript(shell, script, args)
  started.stdin.end(stdin)
  const output = Promise.all([readBytes(started.stdout), readBytes(started.stderr), started.ended])
  const [stdout, words, exitCode] = await withTimeout(output, timeoutSeconds).catch((cause: unknown) => {
    started.abandon()
    throw cause instanceof LauttaError ? cause : new UnavailableError(`${doing} was interrupted`, { cause })
  })
  return { stdout, stderr: words.toString('utf8'), exitCode }
}

/** Names for a script's input, which no character in them can break. */
export function listNames(names: readonly string[]): string {
  return names.map((name) => `${name}\0`).join('')
}

const isMistake =
  /No such file|ermission denied|not permitted|s a directory|ot a directory|File exists|Read-only|too long|annot overwrite|not (ours|a file)|Too many levels of symbolic links|File system loop/i

/** What a failed script over a file means: the user's mistake, a full disk, or a file system that is unwell. */
export function failureOf(path: string, stderr: string): LauttaError {
  const lines = stderr.trim().split('\n')
  for (const line of lines) {
    const fullDisk = fullDiskOf(`${path}: ${lastWords(line)}`, line)
    if (fullDisk !== null) return fullDisk
  }
  const mistake = lines.find((line) => isMistake.test(line))
  if (mistake !== undefined) return new RefusedError(`${path}: ${lastWords(mistake)}`)
  return new UnavailableError(`${path}: ${lastWords(stderr)}`)
}

/** `head: cannot open '/x' for reading: No such file or directory` without the program and the path. */
export function lastWords(stderr: string): string {
  return stderr.trim().split(': ').at(-1) ?? ''
}
