import type { Readable } from 'node:stream'
import { LauttaError, messageOf, UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'
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
  /** How many SLURM commands it runs at most; one, unless it says otherwise. */
  slurmCommands?: number
  /** Of both streams together. Whoever prints more is not listened to any longer. */
  outputLimitBytes?: number
  lane?: Lane
  parse(output: CommandOutput): Result
}

const defaultTimeoutSeconds = 60
const defaultOutputLimitBytes = 64 * 1024 * 1024

/** Runs a command on a platform and reads its answer. */
export async function runCommand<Result>(shell: RemoteShell, command: RemoteCommand<Result>): Promise<Result> {
  let started: RemoteProcess | undefined
  let output: CommandOutput
  try {
    started = await shell.start(command.argv, command.lane)
    output = await withTimeout(communicate(started, command), command.timeoutSeconds ?? defaultTimeoutSeconds)
  } catch (cause) {
    started?.abandon()
    if (cause instanceof LauttaError) throw cause
    const words = `${command.argv[0]}: ${messageOf(cause)}`
    throw command.hasEffect === true ? new UnknownOutcomeError(words, { cause }) : new UnavailableError(words, { cause })
  }
  return command.parse(output)
}

async function communicate(process: RemoteProcess, command: Pick<RemoteCommand<unknown>, 'stdin' | 'outputLimitBytes'>) {
  // A command may end without reading all of its input: its exit code tells more than the broken pipe.
  process.stdin.end(command.stdin ?? '')
  return collectOutput(process, command.outputLimitBytes)
}

/** What a command prints until it ends. */
export async function collectOutput(process: RemoteProcess, limitBytes = defaultOutputLimitBytes): Promise<CommandOutput> {
  let leftBytes = limitBytes
  const collect = async (stream: Readable): Promise<string> => {
    const chunks: Buffer[] = []
    for await (const chunk of stream) {
      leftBytes -= chunk.length
      if (leftBytes < 0) throw new Error(`it prints more than ${limitBytes} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }
  const [stdout, stderr, exitCode] = await Promise.all([collect(process.stdout), collect(process.stderr), process.ended])
  return { stdout, stderr, exitCode }
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
