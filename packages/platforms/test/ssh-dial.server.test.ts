import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { CredentialsError, UnavailableError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../test/servers/free-port.ts'
import { makePrivateFolder, type PrivateFolder } from '../../../test/servers/private-folder.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { startTcpProxy } from '../../../test/servers/tcp-proxy.ts'
import { createLocalShell } from '../src/local/local-shell.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { createSshShell } from '../src/ssh/ssh-shell.ts'
import { openTestShell, targetOf } from './open-test-shell.ts'
import { makeKey, signKey } from './ssh-keys.ts'

const isInstalled = requireCommands(sshCommands)
let login: SshServer
let shell: RemoteShell
let folder: PrivateFolder
const services: Server[] = []
beforeAll(async () => {
  if (!isInstalled) return
  ;[login, folder] = await Promise.all([startSshServer(), makePrivateFolder('lautta-dial')])
  shell = await openTestShell(login)
})
afterAll(async () => {
  await shell?.close()
  for (const service of services) service.close()
  await Promise.all([login?.stop(), folder?.remove()])
})

/** Something that listens on a compute node, as the login node sees it. */
async function serve(talk: (socket: Socket) => unknown): Promise<{ host: string; port: number }> {
  const service = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    talk(socket)
  })
  services.push(service)
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  return { host: '127.0.0.1', port: (service.address() as AddressInfo).port }
}
const serveEcho = () => serve((socket) => socket.pipe(socket))

describe.skipIf(!isInstalled)('a connection from the login node on', () => {
  it('carries bytes both ways, and the end of one way does not end the other', async () => {
    const address = await serve((socket) => {
      socket.once('data', (heard) => socket.once('end', () => socket.end(`heard ${heard} to its end`)))
    })
    for (const one of [shell, createLocalShell({}, '/')]) {
      const stream = await one.dial(address)
      stream.end('hello')
      expect(await text(stream)).toBe('heard hello to its end')
    }
  })

  it('hears an end, and still says what it has to say', async () => {
    let tell: (heard: string) => void
    const told = new Promise<string>((resolve) => {
      tell = resolve
    })
    const address = await serve((socket) => {
      socket.end('enough')
      socket.once('data', (heard) => tell(String(heard)))
    })
    for (const one of [shell, createLocalShell({}, '/')]) {
      const stream = await one.dial(address)
      stream.resume()
      await once(stream, 'end')
      stream.end('not yet')
      expect(await told).toBe('not yet')
    }
  })

  it('fails who writes to where nobody is any more', async () => {
    const stream = await shell.dial(await serve((socket) => socket.destroy()))
    stream.resume()
    const failed = once(stream, 'error')
    const writing = setInterval(() => stream.write('x'.repeat(100_000)), 5)
    expect(await failed).toMatchObject([{ message: 'the other end has closed the connection' }])
    clearInterval(writing)
  })

  it('shares one connection to the login node with others', async () => {
    const address = await serveEcho()
    const streams = await Promise.all(Array.from({ length: 20 }, () => shell.dial(address)))
    const answers = streams.map((stream, index) => {
      stream.end(`number ${index}`)
      return text(stream)
    })
    expect(await Promise.all(answers)).toEqual(streams.map((_, index) => `number ${index}`))
    expect((await login.words()).match(/^Accepted publickey/gm)).toHaveLength(1)
  })

  it('carries more than any buffer holds, unchanged, also when nobody reads for a while', async () => {
    const part = randomBytes(1024 * 1024)
    const stream = await shell.dial(await serveEcho())
    const sent = createHash('sha256')
    Readable.from(
      (function* () {
        for (let count = 0; count < 48; count++) {
          sent.update(part)
          yield part
        }
      })()
    ).pipe(stream)
    // The echo has nowhere to go then, and what was to be sent waits here.
    await once(stream, 'readable')
    expect(stream.writableNeedDrain).toBe(true)
    const received = createHash('sha256').update(await buffer(stream))
    expect(received.digest('hex')).toBe(sent.digest('hex'))
  })

  it('is told from one to where nobody listens', async () => {
    const dialled = shell.dial({ host: '127.0.0.1', port: await freePort() })
    await expect(dialled).rejects.toThrow(UnavailableError)
    await expect(dialled).rejects.toThrow(/can not be reached from the login node: .*Connection refused/)
    await expect(shell.dial({ host: 'no-such-node.invalid', port: 80 })).rejects.toThrow(UnavailableError)
  })

  it('is refused in clear words by a site that forwards nothing', async () => {
    const strict = await startSshServer({ settings: ['AllowTcpForwarding no'] })
    const over = await openTestShell(strict)
    const refused = await over.dial(await serveEcho()).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(UnavailableError)
    expect(refused).toMatchObject({
      message: expect.stringMatching(/the login node forwards no connections to 127/),
      hint: expect.stringMatching(/AllowTcpForwarding/)
    })
    await over.close()
    await strict.stop()
  })

  it('ends with the connection to the login node, and the next one is there at once', async () => {
    const proxy = await startTcpProxy(login)
    const over = createSshShell({ ...targetOf(login), hosts: [proxy] })
    const address = await serveEcho()
    const stream = await over.dial(address)
    const failed = text(stream)
    proxy.cut()
    await expect(failed).rejects.toThrow('the connection to the login node was lost')
    const next = await over.dial(address)
    next.end('again')
    expect(await text(next)).toBe('again')
    await over.close()
    await proxy.stop()
  })

  it('ends with its certificate, and none is made without a valid one', async () => {
    const authority = makeKey(folder.path, 'authority')
    const certified = await startSshServer({ trustedUserCa: readFileSync(`${authority}.pub`, 'utf8') })
    const privateKeyFile = makeKey(folder.path, 'short')
    const certificateFile = signKey(authority, privateKeyFile, ['-n', 'csc', '-V', '-1m:+4s'])
    const over = createSshShell({ ...targetOf(certified), credential: { username: 'csc', privateKeyFile, certificateFile } })
    const address = await serveEcho()
    await once(await over.dial(address), 'error')
    await expect(over.dial(address)).rejects.toThrow(CredentialsError)
    await over.close()
    await certified.stop()
  })
})
