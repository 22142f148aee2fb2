import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { LauttaError, RefusedError, UnavailableError } from '@lautta/core/errors'
import type { RemoteProcess, RemoteShell } from '../remote-shell.ts'
import { createPatience } from './patience.ts'
import { failureOf, remotePath, startScript } from './run-script.ts'
import { watchForStall } from './watch-for-stall.ts'

/** A file that is being read. */
export interface OpenFile {
  /** Fails at its end when it is not the file as a whole. */
  content: Readable
  /** At the stream's end: the SHA-1 of what was read, and whether somebody wrote to the file meanwhile. */
  summary(): { sha1: string; hasChanged: boolean }
}

// The file is opened once, so that all is said of the same one: its state before and after, and the checksum of the whole,
// which is computed beside.
const readScript = `exec 6<"$1" || exit
tell() { stat -L -c '%s %y %i' /dev/fd/6 >&2; }
tell || exit
sha1sum /dev/fd/6 >&2 & sum=$!
dd iflag=skip_bytes bs=256K skip="$2" status=none <&6
wait "$sum"
tell`

/**
 * Reads a file as a stream. After a lost connection it goes on where it stopped, if the file is still the same. The
 * checksum of the whole is compared at its end.
 */
export function readFile(shell: RemoteShell, path: string): OpenFile {
  const reading = createReading(shell, path)
  const content = Readable.from(reading.chunks(), { objectMode: false, highWaterMark: 1024 * 1024 })
  content.on('close', reading.abandon)
  // Who reads it may begin later than it fails; the stream keeps the error for them, but unheard it ends the process.
  content.on('error', () => {})
  return { content, summary: reading.summary }
}

/** What one try told beside the bytes. */
interface Told {
  words: string
  exitCode: number
}

function createReading(shell: RemoteShell, path: string) {
  const whole = createHash('sha1')
  const patience = createPatience()
  let run: RemoteProcess | null = null
  let readBytes = 0
  let before: string | null = null
  let summary: { sha1: string; hasChanged: boolean } | null = null
  let isAbandoned = false

  /** One try: all that follows what was read. */
  async function* readOn(firstBytes: number): AsyncGenerator<Buffer, Told> {
    const started = await startScript(shell, readScript, [remotePath(path), String(firstBytes)])
    run = started
    started.stdin.end()
    let words = ''
    started.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text
      // Known though the connection is lost before the end.
      if (words.includes('\n')) before ??= words.slice(0, words.indexOf('\n'))
    })
    const toldAll = new Promise((resolve) => started.stderr.once('close', resolve))
    const stalls = watchForStall(() => started.stdout.destroy(new UnavailableError(`reading ${path} does not go on`)))
    try {
      for await (const chunk of started.stdout as AsyncIterable<Buffer>) {
        stalls.progressed()
        patience.progressed()
        readBytes += chunk.length
        whole.update(chunk)
        yield chunk
      }
      const exitCode = await started.ended
      await toldAll
      return { words, exitCode }
    } finally {
      stalls.end()
      started.abandon()
    }
  }

  /** Whether what was read is all of the file, byte for byte; throws when it is not. */
  function judge({ words, exitCode }: Told, wasResumed: boolean): { sha1: string; hasChanged: boolean } {
    const lines = words.trim().split('\n')
    const [first, sum, after] = lines
    if (exitCode !== 0 || first === undefined || sum === undefined || lines.length !== 3) throw failureOf(path, words)
    const hasChanged = before !== first || first !== after
    if (hasChanged && wasResumed) throw new RefusedError(`${path} changed while it was copied`)
    const sha1 = whole.digest('hex')
    if (hasChanged) return { sha1, hasChanged }
    if (readBytes !== Number.parseInt(first, 10)) throw new UnavailableError(`${path} was not read as a whole`)
    if (sum.slice(0, 40) !== sha1) throw new UnavailableError(`${path}: the checksum differs after the transfer`)
    return { sha1, hasChanged }
  }

  return {
    async *chunks(): AsyncGenerator<Buffer> {
      for (;;) {
        const firstBytes = readBytes
        let told: Told
        try {
          told = yield* readOn(firstBytes)
        } catch (error) {
          const cause =
            error instanceof LauttaError ? error : new UnavailableError(`reading ${path} was interrupted`, { cause: error })
          // Without its state nobody could tell later whether it is the same file.
          if (isAbandoned || before === null) throw cause
          await patience.wait(cause)
          continue
        }
        summary = judge(told, firstBytes > 0)
        return
      }
    },
    abandon() {
      isAbandoned = true
      run?.abandon()
    },
    summary() {
      if (summary === null) throw new Error(`${path} has not been read to its end`)
      return summary
    }
  }
}
