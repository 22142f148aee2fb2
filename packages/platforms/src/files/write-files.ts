import { createHash, randomBytes } from 'node:crypto'
import { RefusedError, UnavailableError } from '@lautta/core/errors'
import type { RemoteShell } from '../remote-shell.ts'
import { feedScript } from './feed-script.ts'
import { batchName, makePart } from './parts.ts'
import { failureOf, joinPath, remotePath } from './run-script.ts'
import { type TarFile, tarEnd, writeTar } from './write-tar.ts'

/** A small file for a folder on a platform. */
export interface SmallFile {
  /** Its way below the folder. */
  path: string
  content: Buffer
  /** Only the owner may read it: secrets and keys. */
  isSecret: boolean
}

/** How files arrive. */
export interface WriteOptions {
  /** Whose transfer it is: it is gone on with under the same name. */
  writer: string
  /** Asked when all has been sent, before it can be seen; what it throws keeps that from happening. */
  mayPublish?: () => void
}

/**
 * Writes many files below a folder through one channel: an archive is unpacked beside them, compared by one list of
 * checksums, and then renamed folder by folder. Missing folders are made; what is there is replaced.
 */
export async function writeFiles(
  shell: RemoteShell,
  folder: string,
  files: readonly SmallFile[],
  { writer, mayPublish = () => {} }: WriteOptions
): Promise<void> {
  const odd = files.find(({ path }) => path.split('/').some((name) => name === '' || name === '.' || name === '..'))
  if (odd !== undefined) throw new RefusedError(`${joinPath(folder, odd.path)}: it is the path of a folder`)
  const [first, ...others] = files
  const about = first !== undefined && others.length === 0 ? joinPath(folder, first.path) : folder
  const script = `part=$1/$2
${makePart}top=$(cd -- "$1" && pwd) && part=$top/$2 || exit
publish() {
  tar -x -m --no-same-owner --no-same-permissions -f - && cd files && sha1sum -c --quiet --strict ../sums >&2 || return
  find . -type d -print0 | xargs -0 sh -c 'top=$1; shift
for folder; do
  mkdir -p -- "$top/$folder" && find "$folder" -maxdepth 1 -type f -exec mv -f -t "$top/$folder" -- {} + || exit 1
done' lautta "$top"
}
cd -- "$part" && publish; code=$?
cd / && rm -rf -- "$part"
exit "$code"`
  const { stderr, exitCode } = await feedScript(shell, {
    script,
    args: [remotePath(folder), batchName(writer, randomBytes(6).toString('hex'))],
    source: writeArchive(files, mayPublish),
    doing: `writing ${about}`
  })
  if (exitCode === 0) return
  if (/computed checksum/.test(stderr)) throw new UnavailableError(`${about}: the checksum of a file differs after the transfer`)
  throw failureOf(about, stderr)
}

function* writeArchive(files: readonly SmallFile[], mayPublish: () => void): Generator<Buffer> {
  const sums: string[] = []
  yield* writeTar(listMembers(files, sums))
  mayPublish()
  // tar takes the end of what comes for the archive's end: without this list nothing is seen.
  yield* writeTar([{ name: 'sums', content: Buffer.from(sums.join('')), mode: 0o600 }])
  yield tarEnd
}

/** The members of an archive; the line for the checksum of each is made when it goes. */
function* listMembers(files: readonly SmallFile[], sums: string[]): Generator<TarFile> {
  for (const { path, content, isSecret } of files) {
    sums.push(listSum(path, createHash('sha1').update(content).digest('hex')))
    yield { name: `files/${path}`, content, mode: isSecret ? 0o600 : 0o644 }
  }
}

/** A line for `sha1sum -c`, which marks names with a backslash, or an end of line, in them. */
function listSum(path: string, sha1: string): string {
  const escaped = path.replace(/[\\\n\r]/g, (character) => ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r' })[character] ?? '')
  return `${escaped === path ? '' : '\\'}${sha1}  ./${escaped}\n`
}
