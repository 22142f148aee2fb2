import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface Ran {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export interface RunOptions {
  readonly stdin?: string
  readonly uid?: number | undefined
}

/** Tests judge a failed command by its exit code, so unlike execFile this one does not throw for it. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [command = '', ...args] = argv
  const child = spawn(command, args, asUser(options.uid))
  const ended = once(child, 'close')
  // A command that does not read its input closes the pipe on us.
  child.stdin.on('error', () => {})
  child.stdin.end(options.stdin ?? '')
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { stdout, stderr, exitCode: typeof code === 'number' ? code : 128 }
}

/** What a command prints that has to succeed. */
export async function outputOf(argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(argv)
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} failed\n${stderr}`)
  return stdout
}

/** Node takes these two as one or not at all; where we are the other user perhaps may not look. */
export function asUser(uid: number | undefined): { uid?: number; gid?: number; cwd?: string } {
  return uid === undefined ? {} : { uid, gid: uid, cwd: '/' }
}
