import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { freePort } from './free-port.ts'
import { inOwnProcess } from './own-process.ts'
import { isAlive } from './processes.ts'
import { type RedisServer, startRedis } from './redis.ts'
import { requireCommands } from './require-server.ts'

vi.mock('./free-port.ts', { spy: true })

async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  socket.write(`${command}\r\nQUIT\r\n`)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer.replace(/\+OK\r\n$/, '').trim()
}

describe.skipIf(!requireCommands(['redis-server', 'setpriv']))('the test Redis', () => {
  const servers: RedisServer[] = []
  const start = async (port?: number) => {
    const server = await startRedis(port === undefined ? {} : { port })
    servers.push(server)
    return server
  }

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()))
  })

  it('answers on a port of its own, and never forgets what it was told to keep', async () => {
    const [one, other] = await Promise.all([start(), start()])
    expect(one.url).toBe(`redis://127.0.0.1:${one.port}`)
    expect(await ask(one.port, 'SET a 1')).toBe('+OK')
    expect(await ask(one.port, 'GET a')).toContain('1')
    expect(await ask(other.port, 'GET a')).toBe('$-1')
    expect(await ask(one.port, 'CONFIG GET maxmemory-policy')).toContain('noeviction')
  })

  it('takes the port it is given', async () => {
    const port = await freePort()
    expect((await start(port)).port).toBe(port)
    await expect(startRedis({ port })).rejects.toThrow('ended at once')
  })

  it('tries another port when its own is taken meanwhile', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    vi.mocked(freePort).mockResolvedValueOnce(port)
    expect((await start()).port).not.toBe(port)
    taken.close()
  })

  it('is empty on the same port after a restart', async () => {
    const server = await start()
    const { pid, port } = server
    await ask(port, 'SET a 1')
    await server.kill()
    expect(isAlive(pid)).toBe(false)
    await expect(ask(port, 'PING')).rejects.toThrow('ECONNREFUSED')
    await server.restart()
    expect(server).toMatchObject({ port, pid: expect.not.toBeOneOf([pid]) })
    expect(await ask(port, 'GET a')).toBe('$-1')
  })

  it('is gone after a stop even when it is frozen', async () => {
    const server = await start()
    process.kill(server.pid, 'SIGSTOP')
    await server.stop()
    expect(isAlive(server.pid)).toBe(false)
  })

  it('leaves no file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'test-'))
    const code = `import { startRedis } from './redis.ts'
      const redis = await startRedis()
      console.log(redis.port)
      setInterval(() => {}, 1000)`
    const { child, lines } = inOwnProcess(code, { TMPDIR: folder })
    const { value: port } = await lines.next()
    await ask(Number(port), 'SET a 1')
    await ask(Number(port), 'SHUTDOWN').catch(() => {})
    expect((await readdir(folder)).filter((name) => !name.startsWith('tsx-'))).toEqual([])
    child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  })

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends with its process at %s', async (signal) => {
    const code = `import { startRedis } from './redis.ts'
      console.log((await startRedis()).pid)
      setInterval(() => {}, 1000)`
    const { child, lines } = inOwnProcess(code)
    const { value: pid } = await lines.next()
    expect(isAlive(Number(pid))).toBe(true)
    child.kill(signal)
    await vi.waitFor(() => expect(isAlive(Number(pid))).toBe(false), { timeout: 5000, interval: 10 })
  })

  it('refuses to start from a worker thread, whose end would take it along', async () => {
    vi.doMock('node:worker_threads', () => ({ isMainThread: false }))
    vi.resetModules()
    const { startRedis: startInWorker } = await import('./redis.ts')
    await expect(startInWorker()).rejects.toThrow('main thread')
    vi.doUnmock('node:worker_threads')
  })
})
