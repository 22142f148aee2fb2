import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'

/** A redis-server of our own. */
export interface EmbeddedRedis {
  path: string
  stop(): Promise<void>
}

// The death signal is asked for after the fork: a parent that was gone by then would be missed, so the child looks.
const startIfParentLives = '[ "$PPID" = "$0" ] && exec redis-server "$@"'

/**
 * Starts redis-server on a unix socket, with nothing on disk: every start of Lautta is a rebuild. It ends with this
 * process, however that ends; when it ends before, it is started again.
 */
export async function startEmbeddedRedis(): Promise<EmbeddedRedis> {
  // The death signal follows the thread that spawned.
  if (!isMainThread) throw new Error('embedded Redis must be started from the main thread')
  // A fresh folder: Redis does not remove its socket when it is killed. A socket's path has less than 108 bytes.
  const folder = await mkdtemp(join(tmpdir(), 'lautta-'))
  const path = join(folder, 'redis')
  const options = ['--port', '0', '--unixsocket', path, '--unixsocketperm', '600', '--dir', folder, '--daemonize', 'no']
  const volatile = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction', '--loglevel', 'warning']
  const dying = spawnSync('setpriv', ['--version']).status === 0 ? ['setpriv', '--pdeathsig', 'KILL'] : []
  const [program = '', ...args] = [...dying, 'sh', '-c', startIfParentLives, String(process.pid), ...options, ...volatile]
  let child: ChildProcess | undefined
  const state = { answered: false, stopping: false, gone: false }
  const keepRunning = async (): Promise<void> => {
    do {
      // A session of its own: Ctrl-C in the terminal reaches us, and we end it in our own sequence.
      child = spawn(program, args, { detached: true, stdio: ['ignore', 'ignore', 'inherit'] })
      await once(child, 'exit')
      if (!state.stopping) await pause(200)
    } while (state.answered && !state.stopping)
    state.gone = true
    await rm(folder, { recursive: true, force: true })
  }
  const ended = keepRunning()
  // Should it not even start again, everybody meets a Redis that is away; an unheard rejection would end the process.
  ended.catch(() => {
    state.gone = true
  })
  while (!(await answersPing(path))) {
    if (state.gone) throw new Error('redis-server ended at once; is it installed?')
    await pause(10)
  }
  state.answered = true
  return {
    path,
    async stop() {
      state.stopping = true
      child?.kill('SIGTERM')
      await ended
    }
  }
}

function answersPing(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write('PING\r\n'))
    socket.once('data', (answer) => {
      socket.destroy()
      resolve(String(answer).startsWith('+PONG'))
    })
    socket.once('error', () => resolve(false))
  })
}
