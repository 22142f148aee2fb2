import { TextDecoder } from 'node:util'
import { RefusedError } from '@lautta/core/errors'
import { compileGlob, type Glob } from '@lautta/core/glob'
import type { RemoteShell } from '../remote-shell.ts'
import { failureOf, joinPath, lastWords, remotePath, runScript } from './run-script.ts'

/** A file on a platform. */
export interface FoundFile {
  /** As scripts take it. */
  path: string
  /** Its way below the part of the pattern that is fixed; its name where there is no pattern. */
  below: string
  usedBytes: number
  /** The number that stands for `{1}`. */
  task: string | null
}

/** What a pattern means on a platform, and what could not be looked at. */
export interface FoundFiles {
  files: FoundFile[]
  complaints: string[]
}

const mostFiles = 100_000
const findSeconds = 600

/**
 * The regular files that a path, or a glob, means now. A plain path without one is refused. Where links are not followed, a
 * glob goes into no linked folder: who removes what is found would remove somebody else's.
 */
export async function findFiles(
  shell: RemoteShell,
  pattern: string,
  links: 'followed' | 'not followed' = 'followed'
): Promise<FoundFiles> {
  const glob = compileGlob(pattern)
  return glob === null ? { files: [await findFile(shell, pattern)], complaints: [] } : findMatches(shell, glob, links)
}

async function findFile(shell: RemoteShell, path: string): Promise<FoundFile> {
  const { stdout, stderr, exitCode } = await runScript(shell, {
    script: 'exec stat -L -c "%s %F" -- "$1"',
    args: [remotePath(path)],
    doing: `looking for ${path}`
  })
  if (exitCode !== 0) throw failureOf(path, stderr)
  const [, size = '', kind = ''] = /^(\d+) (.*)$/.exec(stdout.toString('utf8').trim()) ?? []
  if (kind === 'directory') throw new RefusedError(`${path}: Is a directory`, { hint: 'end it with /** for all files in it' })
  if (!kind.startsWith('regular')) throw new RefusedError(`${path}: it is a ${kind}, not a regular file`)
  return { path: remotePath(path), below: path.slice(path.lastIndexOf('/') + 1), usedBytes: Number(size), task: null }
}

// What find could not look at it tells, and ends with 1; that the folder itself is the matter is told by 9.
const findScript = `folder=$1 name=$2 depth=$3 links=$4 type=$5
stat -L -- "$folder" >/dev/null || exit 9
[ -d "$folder" ] || { echo "$folder: Not a directory" >&2; exit 9; }
[ -r "$folder" ] && [ -x "$folder" ] || { echo "$folder: Permission denied" >&2; exit 9; }
find "$links" "$folder" -mindepth 1 \${depth:+-maxdepth "$depth"} -name "$name" "$type" f -printf '%s %P\\0'
code=$?; [ "$code" = 1 ] || exit "$code"`

async function findMatches(shell: RemoteShell, glob: Glob, links: 'followed' | 'not followed'): Promise<FoundFiles> {
  const folder = remotePath(glob.folder)
  const { stdout, stderr, exitCode } = await runScript(shell, {
    script: findScript,
    args: [
      ...[folder, glob.nameHint, glob.mostDepth === null ? '' : String(glob.mostDepth)],
      // A file that is a link is one all the same.
      ...(links === 'followed' ? ['-L', '-type'] : ['-H', '-xtype'])
    ],
    doing: `looking for files in ${glob.folder}`,
    timeoutSeconds: findSeconds
  })
  if (exitCode !== 0) throw failureOf(glob.folder, stderr)
  const { names, unreadable } = decodeNames(stdout)
  const files = names.flatMap((line): FoundFile[] => {
    const below = line.slice(line.indexOf(' ') + 1)
    const matched = glob.match(below)
    return matched === null
      ? []
      : [{ path: joinPath(folder, below), below, usedBytes: Number.parseInt(line, 10), task: matched.task }]
  })
  if (files.length > mostFiles) throw new RefusedError(`more than ${mostFiles.toLocaleString('en')} files match`)
  const unseen = stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => lastWords(line))
  return { files, complaints: [...unreadable, ...unseen] }
}

/** Names are any bytes to a file system; the store knows text only. */
function decodeNames(list: Buffer): { names: string[]; unreadable: string[] } {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const [names, unreadable]: [string[], string[]] = [[], []]
  for (let from = 0, to = list.indexOf(0); to !== -1; from = to + 1, to = list.indexOf(0, from)) {
    const name = list.subarray(from, to)
    try {
      names.push(decoder.decode(name))
    } catch {
      unreadable.push(`the name ${JSON.stringify(name.toString('latin1').replace(/^\d+ /, ''))} is no UTF-8`)
    }
  }
  return { names, unreadable }
}
