import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'

/** A server in the foreground, which ends with this process, however that ends. */
export interface Child {
  readonly pid: number
  /** Asks again and again until there is an answer; fails with the end of the log when the server has ended instead. */
  until<Answer>(ask: () => Promise<Answer | undefined>): Promise<Answer>
  /** It is not asked to end: a test's server has nothing to save, and a frozen one would not hear. */
  kill(): Promise<void>
}

/**
 * Servers are children, not daemons, so that none can outlive the tests. What one says goes into the log file; without
 * one, its complaints are ours.
 */
export async function startChild(server: readonly string[], logFile?: string): Promise<Child> {
  // The death signal follows the thread that asked for it: a worker thread's end would kill the server.
  if (!isMainThread) throw new Error('start servers from the main thread (vitest: the pool "forks")')
  // The shell refuses when we died before the death signal was set.
  const guard = ['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', '[ "$PPID" = "$0" ] && exec "$@"', String(process.pid)]
  const [command = '', ...args] = [...guard, ...server]
  const log = logFile === undefined ? undefined : await open(logFile, 'a')
  const words = log === undefined ? (['ignore', 'inherit'] as const) : ([log.fd, log.fd] as const)
  const child = spawn(command, args, { detached: true, stdio: ['ignore', ...words] })
  const ended = once(child, 'exit')
  await once(child, 'spawn')
  await log?.close()
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  return {
    pid: child.pid ?? 0,
    until: async (ask) => {
      for (;;) {
        const answer = await ask()
        if (answer !== undefined) return answer
        if (hasEnded()) throw new Error(`${server[0]} ended at once\n${await tail(logFile)}`)
        await pause(10)
      }
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    }
  }
}

async function tail(logFile: string | undefined): Promise<string> {
  return logFile === undefined ? '' : (await readFile(logFile, 'utf8')).slice(-3000)
}
