import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { until } from '../support/until.ts'
import { type Child, startChild } from './child.ts'
import { onFreePort } from './on-free-port.ts'

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
  const launched = options.port === undefined ? await onFreePort(launch) : await launch(options.port)
  const { port } = launched
  let { child } = launched
  const kill = () => child.kill()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid
    },
    kill,
    restart: async () => {
      await kill()
      // Somebody's connection may have got the port meanwhile, as its own end.
      child = await until(async () => (await launch(port).catch(() => null))?.child ?? null, 60)
    },
    stop: kill
  }
}

async function launch(port: number): Promise<{ child: Child; port: number }> {
  const settings = ['--bind', '127.0.0.1', '--port', port, '--save', '', '--appendonly', 'no', '--dir', tmpdir()]
  const redis = ['redis-server', ...settings, '--maxmemory-policy', 'noeviction', '--loglevel', 'warning'].map(String)
  const child = await startChild(redis)
  await child.until(async () => (await answers(port, child.pid)) || undefined)
  return { child, port }
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
