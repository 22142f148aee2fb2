import { LauttaError, messageOf, UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'
import { readBytes } from './read-bytes.ts'
import type { Lane, RemoteProcess, RemoteShell } from './remote-shell.ts'

/** What a command printed and how it ended. */
export interface CommandOutput {
  stdout: string
  stderr: string
  exitCode: number
}

/** One command line and the reading of its answer. Pure: no connection is touched here. */
export interface RemoteCommand<Result> {
  argv: readonly string[]
  stdin?: string
  /** Whether it changes something on the platform, so that a lost answer leaves the outcome unknown. */
  hasEffect?: boolean
  timeoutSeconds?: number
  lane?: Lane
  parse(output: CommandOutput): Result
}

const defaultTimeoutSeconds = 60

/** Runs a command on a platform and reads its answer. */
export async function runCommand<Result>(shell: RemoteShell, command: RemoteCommand<Result>): Promise<Result> {
  let started: RemoteProcess | undefined
  let output: CommandOutput
  try {
    started = await shell.start(command.argv, command.lane)
    output = await withTimeout(communicate(started, command.stdin), command.timeoutSeconds ?? defaultTimeoutSeconds)
  } catch (cause) {
    started?.abandon()
    if (cause instanceof LauttaError) throw cause
    const words = `${command.argv[0]}: ${messageOf(cause)}`
    throw command.hasEffect === true ? new UnknownOutcomeError(words, { cause }) : new UnavailableError(words, { cause })
  }
  return command.parse(output)
}

async function communicate(process: RemoteProcess, stdin = ''): Promise<CommandOutput> {
  // A command may end without reading all of its input: its exit code tells more than the broken pipe.
  process.stdin.end(stdin)
  return collectOutput(process)
}

/** What a command prints until it ends. */
export async function collectOutput(process: RemoteProcess): Promise<CommandOutput> {
  const [stdout, stderr, exitCode] = await Promise.all([readBytes(process.stdout), readBytes(process.stderr), process.ended])
  return { stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8'), exitCode }
}

/** Rejects when the work takes longer; the work itself goes on. */
export async function withTimeout<Result>(work: Promise<Result>, seconds: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${seconds} s`)), seconds * 1000)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
