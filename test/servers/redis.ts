import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { freePort } from './free-port.ts'

export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** As a crash: nothing is kept. */
  kill(): Promise<void>
  /** An empty one on the same port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Tests of queues and leases need a Redis that they may empty, freeze and kill; it keeps nothing on disk. */
export async function startRedis(options: { port?: number } = {}): Promise<RedisServer> {
  // The death signal follows the thread that asked for it: a worker thread's end would kill the server.
  if (!isMainThread) throw new Error('start Redis from the main thread (vitest: the pool "forks")')
  let server = await startOnFreePort(options.port)
  const kill = async (): Promise<void> => {
    // Not asked to end: there is nothing to save, and a frozen one would not hear.
    server.child.kill('SIGKILL')
    await server.ended
  }
  const { port } = server
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid
    },
    kill,
    restart: async () => {
      await kill()
      server = await launch(port)
    },
    stop: kill
  }
}

async function startOnFreePort(wanted: number | undefined): Promise<Launched> {
  if (wanted !== undefined) return launch(wanted)
  for (let left = 2; ; left--) {
    try {
      return await launch(await freePort())
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

interface Launched {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
  readonly ended: Promise<unknown>
}

async function launch(port: number): Promise<Launched> {
  const settings = ['--bind', '127.0.0.1', '--port', port, '--save', '', '--appendonly', 'no', '--dir', tmpdir()]
  const redis = ['redis-server', ...settings, '--maxmemory-policy', 'noeviction', '--loglevel', 'warning'].map(String)
  // The shell refuses when we died before the death signal was set.
  const guard = ['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', '[ "$PPID" = "$0" ] && exec "$@"', String(process.pid)]
  const [command = '', ...args] = [...guard, ...redis]
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'ignore', 'inherit'] })
  await once(child, 'spawn')
  const ended = once(child, 'exit')
  const pid = child.pid ?? 0
  while (!(await answers(port, pid))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`redis-server ended at once on ${port}`)
    await pause(10)
  }
  return { child, pid, port, ended }
}

// Asks for the process number, because another server may have taken the port.
async function answers(port: number, pid: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
    .setEncoding('utf8')
    .setTimeout(1000, () => socket.destroy())
  let answer = ''
  try {
    socket.write('INFO server\r\nQUIT\r\n')
    for await (const chunk of socket) answer += chunk
  } catch {
    return false
  }
  return answer.includes(`process_id:${pid}\r\n`)
}
