import { createHash } from 'node:crypto'
import { finished, PassThrough, Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type LauttaError, RefusedError, UnavailableError } from '@lautta/core/errors'
import { fullDiskOf } from './full-disk.ts'
import { readBytes } from './read-bytes.ts'
import type { RemoteShell } from './remote-shell.ts'
import { type CommandOutput, collectOutput, type RemoteCommand, runCommand, withTimeout } from './run-command.ts'

/** How a file arrives on a platform. */
export interface WriteOptions {
  /** Only the owner may read it: secrets and keys. */
  isSecret: boolean
  overwrite: boolean
  /** Ends the name of the part, until all of it is there: of two writers at once each has its own. */
  writer: string
}

// Paths that start with ~/ are the user's home; the shell does not expand what is quoted.
const prelude = `path=$1; case $path in "~/"*) path=$HOME/\${path#"~/"};; esac
`
const partPrelude = `${prelude}part=$path.lautta-$2
`

// A file system may hang for ever while the connection lives. Longer than a checksum over the largest files takes.
const stallSeconds = 1800

/**
 * Writes a file: under another name first, its checksum compared, then renamed. An existing one is kept unless it may
 * be overwritten. Missing folders are made.
 */
export async function writeFile(
  shell: RemoteShell,
  path: string,
  content: Readable | Buffer,
  { isSecret, overwrite, writer }: WriteOptions
): Promise<'written' | 'kept'> {
  const source = Buffer.isBuffer(content) ? Readable.from([content]) : content
  try {
    if (!overwrite && (await fileExists(shell, path))) return 'kept'
    await send(shell, path, source, isSecret ? '077' : '022', writer)
    return 'written'
  } finally {
    source.destroy()
  }
}

async function send(shell: RemoteShell, path: string, source: Readable, umask: string, writer: string): Promise<void> {
  const hash = createHash('sha256')
  const hashing = new PassThrough().on('data', (chunk: Buffer) => hash.update(chunk))
  // The part is made anew: one that is there may be anybody's to read, or a link to somewhere else.
  const script = `${partPrelude}umask ${umask}; set -C
mkdir -p -- "$(dirname -- "$path")" && rm -f -- "$part" && cat >"$part" && sha256sum <"$part" && exit 0
code=$?; rm -f -- "$part"; exit $code`
  const started = await shell.start(['sh', '-c', script, 'lautta', path, writer], 'file')
  const stalls = watchForStall(() => source.destroy(new UnavailableError(`writing ${path} does not go on`)))
  hashing.on('data', stalls.progressed)
  const answer = collectOutput(started)
  answer.catch(() => {})
  const sending = pipeline(source, hashing, started.stdin).finally(stalls.end)
  await sending.catch(() => {
    // When it was the far end that stopped reading, its exit code tells why.
    if (source.errored === null) return
    started.abandon()
    throw source.errored
  })
  const { stdout, stderr, exitCode } = await withTimeout(answer, stallSeconds).catch((cause: unknown) => {
    started.abandon()
    throw new UnavailableError(`writing ${path} was interrupted`, { cause })
  })
  if (exitCode !== 0) throw failureOf(path, stderr)
  if (stdout.split(' ')[0] !== hash.digest('hex')) throw new UnavailableError(`${path}: the checksum differs after the transfer`)
  await runCommand(shell, finish(path, writer))
}

/** Reads a file as a stream, which fails at its end when the file was not read as a whole. */
export async function readFile(shell: RemoteShell, path: string): Promise<Readable> {
  const started = await shell.start(['sh', '-c', `${prelude}exec cat -- "$path"`, 'lautta', path], 'file')
  started.stdin.end()
  const ended = Promise.all([readBytes(started.stderr), started.ended]).then(
    ([words, exitCode]) => {
      if (exitCode !== 0) throw failureOf(path, words.toString('utf8'))
    },
    (cause: unknown) => {
      throw new UnavailableError(`reading ${path} was interrupted`, { cause })
    }
  )
  ended.catch(() => {})
  const stalls = watchForStall(() => content.destroy(new UnavailableError(`reading ${path} does not go on`)))
  const content = new Transform({
    transform(chunk, _encoding, done) {
      stalls.progressed()
      done(null, chunk)
    },
    flush(done) {
      ended.then(() => done(), done)
    }
  })
  finished(started.stdout, { writable: false }, (cause) => {
    if (cause) content.destroy(new UnavailableError(`reading ${path} was interrupted`, { cause }))
  })
  content.on('close', () => {
    stalls.end()
    started.abandon()
  })
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
      if (exitCode !== 0) throw failureOf(path, stderr)
      if (Buffer.byteLength(stdout) > limitBytes) throw new RefusedError(`${path} is longer than ${limitBytes} bytes`)
      return stdout
    }
  })
}

/** Removes a file; one that is not there is no error. */
export function removeFile(shell: RemoteShell, path: string): Promise<void> {
  return runCommand(shell, { argv: ['sh', '-c', `${prelude}exec rm -f -- "$path"`, 'lautta', path], parse: orRefuse(path) })
}

function fileExists(shell: RemoteShell, path: string): Promise<boolean> {
  const argv = ['sh', '-c', `${prelude}[ -e "$path" ]`, 'lautta', path]
  return runCommand(shell, { argv, parse: ({ exitCode }) => exitCode === 0 })
}

function finish(path: string, writer: string): RemoteCommand<void> {
  const script = `${partPrelude}exec mv -f -T -- "$part" "$path"`
  return { argv: ['sh', '-c', script, 'lautta', path, writer], parse: orRefuse(path) }
}

function orRefuse(path: string): (output: CommandOutput) => void {
  return ({ stderr, exitCode }) => {
    if (exitCode !== 0) throw failureOf(path, stderr)
  }
}

/** What a failed command over a file means: the user's mistake, a full disk, or a file system that is unwell. */
function failureOf(path: string, stderr: string): LauttaError {
  const words = `${path}: ${lastWords(stderr)}`
  const fullDisk = fullDiskOf(words, stderr)
  if (fullDisk !== null) return fullDisk
  const isMistake =
    /No such file|ermission denied|not permitted|s a directory|ot a directory|File exists|Read-only|too long|annot overwrite/i
  return isMistake.test(stderr) ? new RefusedError(words) : new UnavailableError(words)
}

/** Calls when a transfer has not moved for long; `end` is to be called when it is over. */
function watchForStall(onStall: () => void): { progressed(): void; end(): void } {
  const timer = setTimeout(onStall, stallSeconds * 1000).unref()
  return { progressed: () => void timer.refresh(), end: () => clearTimeout(timer) }
}

/** `head: cannot open '/x' for reading: No such file or directory` without the program and the path. */
function lastWords(stderr: string): string {
  return stderr.trim().split(': ').at(-1) ?? ''
}
