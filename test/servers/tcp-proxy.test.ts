import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

interface Client {
  readonly socket: Socket
  /** What it was answered until now. */
  text(): string
  /** "end" when the other side ended in peace, else the error's code. */
  readonly ending: Promise<string>
}

describe('the TCP proxy', () => {
  let server: Server
  let proxy: TcpProxy
  const clients: Client[] = []

  beforeAll(async () => {
    // What it gets it gives back, and ends when it is told to.
    server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (part) => (part.toString() === 'end' ? socket.end('bye') : socket.write(part)))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy = await startTcpProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  })
  beforeEach(() => {
    proxy.pass()
    for (const { socket } of clients.splice(0)) socket.destroy()
  })
  afterAll(async () => {
    for (const { socket } of clients) socket.destroy()
    await proxy.stop()
    server.close()
  })

  const join = async (): Promise<Client> => {
    const socket = connect(proxy)
    let text = ''
    socket.on('data', (part) => {
      text += part
    })
    const ending = new Promise<string>((resolve) => {
      socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? '')).on('end', () => resolve('end'))
    })
    await once(socket, 'connect')
    const client = { socket, ending, text: () => text }
    clients.push(client)
    return client
  }
  const say = async ({ socket, text }: Client, words: string): Promise<void> => {
    const before = text()
    socket.write(words)
    await until(() => text() === before + words, 1)
  }

  it('passes everything on in both directions, and the end', async () => {
    const client = await join()
    await say(client, 'hello')
    await say(client, 'x'.repeat(3_000_000))
    client.socket.write('end')
    expect(await client.ending).toBe('end')
    expect(client.text().slice(-6)).toBe('xxxbye')
  })
  it('cuts every connection, and lets new ones through', async () => {
    const [one, other] = [await join(), await join()]
    await say(one, 'hello')
    proxy.cut()
    expect(await Promise.all([one.ending, other.ending])).toEqual(['ECONNRESET', 'ECONNRESET'])
    await say(await join(), 'hello')
  })
  it('cuts when the server has answered so much', async () => {
    const client = await join()
    const cutting = proxy.cutAfter(10)
    await say(client, '12345')
    client.socket.write('67890')
    await cutting
    expect(await client.ending).toBe('ECONNRESET')
    await say(await join(), 'as long as it likes')
  })
  it('is silent, also to new connections, and then passes on what it held', async () => {
    const client = await join()
    await say(client, 'before')
    proxy.silence()
    client.socket.write(' held')
    const later = await join()
    later.socket.write('held too')
    // As long as an answer takes at most: another connection to the same server has one.
    const direct = connect((server.address() as AddressInfo).port, '127.0.0.1')
    direct.write('direct')
    await once(direct, 'data')
    direct.destroy()
    expect([client.text(), later.text()]).toEqual(['before', ''])
    proxy.pass()
    await until(() => client.text() === 'before held' && later.text() === 'held too')
  })
})
