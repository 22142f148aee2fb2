import { createHash } from 'node:crypto'
import { finished, PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RefusedError, UnavailableError } from '@lautta/core/errors'
import { readBytes } from './read-bytes.ts'
import type { RemoteShell } from './remote-shell.ts'
import { type CommandOutput, collectOutput, type RemoteCommand, runCommand } from './run-command.ts'

/** How a file arrives on a platform. */
export interface WriteOptions {
  /** Only the owner may read it: secrets and keys. */
  isSecret: boolean
  overwrite: boolean
}

// Paths that start with ~/ are the user's home; the shell does not expand what is quoted.
const prelude = `path=$1; case $path in "~/"*) path=$HOME/\${path#"~/"};; esac
part=$path.lautta-part
`

/**
 * Writes a file: under another name first, its checksum compared, then renamed. An existing one is kept unless it may
 * be overwritten. Missing folders are made.
 */
export async function writeFile(
  shell: RemoteShell,
  path: string,
  content: Readable | Buffer,
  { isSecret, overwrite }: WriteOptions
): Promise<'written' | 'kept'> {
  const source = Buffer.isBuffer(content) ? Readable.from([content]) : content
  try {
    if (!overwrite && (await fileExists(shell, path))) return 'kept'
    await send(shell, path, source, isSecret)
    return 'written'
  } finally {
    source.destroy()
  }
}

async function send(shell: RemoteShell, path: string, source: Readable, isSecret: boolean): Promise<void> {
  const hash = createHash('sha256')
  const hashing = new PassThrough().on('data', (chunk: Buffer) => hash.update(chunk))
  const script = `${prelude}umask ${isSecret ? '077' : '022'}; mkdir -p -- "$(dirname -- "$path")" && cat >"$part" && sha256sum <"$part"`
  const started = await shell.start(['sh', '-c', script, 'lautta', path], 'file')
  const answer = collectOutput(started).catch((cause: unknown) => {
    throw new UnavailableError(`writing ${path} was interrupted`, { cause })
  })
  answer.catch(() => {})
  await pipeline(source, hashing, started.stdin).catch(() => {
    // When it was the far end that stopped reading, its exit code tells why.
    if (source.errored === null) return
    started.abandon()
    throw source.errored
  })
  const { stdout, stderr, exitCode } = await answer
  if (exitCode !== 0) throw new RefusedError(`${path}: ${lastWords(stderr)}`)
  if (stdout.split(' ')[0] !== hash.digest('hex')) throw new UnavailableError(`${path}: the checksum differs after the transfer`)
  await runCommand(shell, finish(path))
}

/** Reads a file as a stream, which fails at its end when the file was not read as a whole. */
export async function readFile(shell: RemoteShell, path: string): Promise<Readable> {
  const started = await shell.start(['sh', '-c', `${prelude}exec cat -- "$path"`, 'lautta', path], 'file')
  started.stdin.end()
  const ended = Promise.all([readBytes(started.stderr), started.ended]).then(
    ([words, exitCode]) => {
      if (exitCode !== 0) throw new RefusedError(`${path}: ${lastWords(words.toString('utf8'))}`)
    },
    (cause: unknown) => {
      throw new UnavailableError(`reading ${path} was interrupted`, { cause })
    }
  )
  ended.catch(() => {})
  const content = new PassThrough({
    flush(done) {
      ended.then(() => done(), done)
    }
  })
  finished(started.stdout, { writable: false }, (cause) => {
    if (cause) content.destroy(new UnavailableError(`reading ${path} was interrupted`, { cause }))
  })
  content.on('close', () => started.abandon())
  // Who reads it may begin later than it fails; the stream keeps the error for them, but unheard it ends the process.
  content.on('error', () => {})
  return started.stdout.pipe(content)
}

/** The MD5 of a file, as object stores give it. */
export function hashFile(shell: RemoteShell, path: string): Promise<string> {
  return runCommand(shell, {
    argv: ['sh', '-c', `${prelude}exec md5sum <"$path"`, 'lautta', path],
    timeoutSeconds: 3600,
    parse(output) {
      orRefuse(path)(output)
      return output.stdout.split(' ')[0] ?? ''
    }
  })
}

/** Reads a small text file, such as a batch script. */
export function readTextFile(shell: RemoteShell, path: string, limitBytes: number): Promise<string> {
  return runCommand(shell, {
    argv: ['sh', '-c', `${prelude}exec head -c ${limitBytes + 1} -- "$path"`, 'lautta', path],
    parse({ stdout, stderr, exitCode }) {
      if (exitCode !== 0) throw new RefusedError(`${path}: ${lastWords(stderr)}`)
      if (Buffer.byteLength(stdout) > limitBytes) throw new RefusedError(`${path} is longer than ${limitBytes} bytes`)
      return stdout
    }
  })
}

/**
 * Reads the bytes of a growing file from an offset on, at most `limitBytes`; nothing when there is no regular file
 * there, yet or any more.
 */
export async function readPiece(shell: RemoteShell, path: string, offset: number, limitBytes: number): Promise<Buffer> {
  const script = `${prelude}[ -f "$path" ] || exit 0; tail -c +${offset + 1} -- "$path" | head -c ${limitBytes}`
  const started = await shell.start(['sh', '-c', script, 'lautta', path], 'file')
  started.stdin.end()
  const [content, , exitCode] = await Promise.all([readBytes(started.stdout), readBytes(started.stderr), started.ended])
  if (exitCode !== 0) throw new UnavailableError(`${path} can not be read`)
  return content
}

/** Removes a file; one that is not there is no error. */
export function removeFile(shell: RemoteShell, path: string): Promise<void> {
  return runCommand(shell, { argv: ['sh', '-c', `${prelude}exec rm -f -- "$path"`, 'lautta', path], parse: orRefuse(path) })
}

function fileExists(shell: RemoteShell, path: string): Promise<boolean> {
  const argv = ['sh', '-c', `${prelude}[ -e "$path" ]`, 'lautta', path]
  return runCommand(shell, { argv, parse: ({ exitCode }) => exitCode === 0 })
}

function finish(path: string): RemoteCommand<void> {
  return { argv: ['sh', '-c', `${prelude}exec mv -f -- "$part" "$path"`, 'lautta', path], parse: orRefuse(path) }
}

function orRefuse(path: string): (output: CommandOutput) => void {
  return ({ stderr, exitCode }) => {
    if (exitCode !== 0) throw new RefusedError(`${path}: ${lastWords(stderr)}`)
  }
}

/** `head: cannot open '/x' for reading: No such file or directory` without the program and the path. */
function lastWords(stderr: string): string {
  return stderr.trim().split(': ').at(-1) ?? ''
}
