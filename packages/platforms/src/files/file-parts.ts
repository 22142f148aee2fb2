import { LauttaError, UnavailableError } from '@lautta/core/errors'
import { readBytes } from '../read-bytes.ts'
import type { RemoteShell } from '../remote-shell.ts'
import { runCommand, withTimeout } from '../run-command.ts'

/** Bytes of one file, from an offset on. */
export interface FilePart {
  path: string
  offset: number
  usedBytes: number
}

/** A file at a moment. */
export interface FileState {
  usedBytes: number
  /** The file's number on its file system: under another one the path means another file. Null where nobody tells. */
  inode: string | null
  /** When it was changed last, as the platform says it: good for nothing but telling one from another. */
  modified: string | null
}

const stallSeconds = 300
// Of `stat`'s raw mode: what kind of file it is.
const kindMask = 0xf000
const regularFile = 0x8000

// A file that is not there makes stat fail, and xargs say 123; it is called unreadable, too, but has no line of stat's. With
// 255 xargs ends at once.
const tellStates = `cd -- "\${HOME:-.}" 2>/dev/null
xargs -r -d '\\n' sh -c 'command -v stat >&2 || exit 255
for path; do [ -r "$path" ] || printf "unreadable %s\\n" "$path"; done
exec stat -L --printf="%s %f %i %.Y %n\\n" -- "$@"' sh 2>/dev/null
code=$?; [ $code = 123 ] || exit $code`

/** The sizes of many files, as `lookAtFiles` tells of them. */
export async function measureFiles(shell: RemoteShell, paths: readonly string[]): Promise<Map<string, number | null>> {
  const states = await lookAtFiles(shell, paths)
  return new Map([...states].map(([path, state]) => [path, state?.usedBytes ?? null]))
}

/**
 * How many files are, asked with one command; of what is no regular file, is not there or has a line end in its name
 * nothing is told, and a file that can not be read has null.
 */
export async function lookAtFiles(shell: RemoteShell, paths: readonly string[]): Promise<Map<string, FileState | null>> {
  const asked = paths.filter((path) => !path.includes('\n'))
  if (asked.length === 0) return new Map()
  return runCommand(shell, {
    argv: ['sh', '-c', tellStates],
    stdin: asked.join('\n'),
    timeoutSeconds: stallSeconds,
    lane: 'file',
    parse({ stdout, stderr, exitCode }) {
      if (exitCode !== 0)
        throw new UnavailableError(`files can not be looked at: ${stderr.trim() || `stat ended with ${exitCode}`}`)
      const lines = stdout.split('\n')
      const unreadable = new Set(lines.flatMap((line) => /^unreadable (.+)$/.exec(line)?.[1] ?? []))
      const states = lines.flatMap((line) => {
        const [, bytes, mode = '', inode = '', modified = '', path = ''] = /^(\d+) ([0-9a-f]+) (\d+) (\S+) (.+)$/.exec(line) ?? []
        const isRegular = (Number.parseInt(mode, 16) & kindMask) === regularFile
        return isRegular ? [[path, unreadable.has(path) ? null : { usedBytes: Number(bytes), inode, modified }] as const] : []
      })
      return new Map(states)
    }
  })
}

// A file that has become shorter ends it all: what follows would be taken for its bytes. dd itself has to say how many it
// sent, because the file may have grown again since.
const sendParts = `cd -- "\${HOME:-.}" 2>/dev/null
exec 3>&1
while read -r offset bytes && IFS= read -r path; do
flags=skip_bytes,count_bytes,fullblock
said=$(LC_ALL=C dd if="$path" iflag=$flags bs=64K skip="$offset" count="$bytes" 2>&1 >&3) || { echo "$said" >&2; exit 1; }
case $said in *"
$bytes byte"*) ;; *) echo "$path: it became shorter" >&2; exit 1; esac
done`

/**
 * Reads parts of many files with one command, in their sequence, `mostBytes` at a time: `from` counts within the part.
 * Throws when a part can not be read as a whole.
 */
export async function* readFileParts(
  shell: RemoteShell,
  parts: readonly FilePart[],
  mostBytes: number
): AsyncGenerator<{ part: number; from: number; bytes: Buffer }> {
  if (parts.length === 0) return
  const started = await shell.start(['sh', '-c', sendParts], 'file')
  const words = readBytes(started.stderr)
  for (const early of [words, started.ended]) early.catch(() => {})
  const chunks: AsyncIterator<Buffer> = started.stdout[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  const take = async (path: string, usedBytes: number): Promise<Buffer> => {
    const taken: Buffer[] = []
    for (let left = usedBytes; left > 0; ) {
      if (rest.length === 0) {
        const next = await withTimeout(chunks.next(), stallSeconds)
        if (next.done === true) throw await failureOf(path)
        rest = next.value
      }
      const piece = rest.subarray(0, left)
      taken.push(piece)
      left -= piece.length
      rest = rest.subarray(piece.length)
    }
    return Buffer.concat(taken)
  }
  const failureOf = async (path: string): Promise<UnavailableError> => {
    const [code, said] = await withTimeout(Promise.all([started.ended, words]), stallSeconds)
    return new UnavailableError(`${path} can not be read: ${said.toString('utf8').trim() || `it ended with ${code}`}`)
  }
  let path = ''
  try {
    started.stdin.end(parts.map((part) => `${part.offset} ${part.usedBytes}\n${part.path}\n`).join(''))
    for (const [part, { usedBytes, ...file }] of parts.entries()) {
      path = file.path
      for (let from = 0; from < usedBytes; from += mostBytes)
        yield { part, from, bytes: await take(path, Math.min(mostBytes, usedBytes - from)) }
    }
    if ((await withTimeout(started.ended, stallSeconds)) !== 0) throw await failureOf(path)
  } catch (cause) {
    if (cause instanceof LauttaError) throw cause
    throw new UnavailableError(`reading ${path} was interrupted`, { cause })
  } finally {
    started.abandon()
  }
}
