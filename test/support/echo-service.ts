import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

/** A service that tells what it was asked, and gives every byte back. */
export interface EchoService {
  port: number
  /** Connections that are open. */
  connections(): number
  stop(): Promise<void>
}

/** What it tells of a request. */
export interface Told {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

/** Over HTTP it tells the request; `Upgrade: echo` makes a connection that gives back what it gets, ended when its client has ended. */
export async function startEchoService(headers: Record<string, string | string[]> = {}): Promise<EchoService> {
  const open = new Set<Duplex>()
  const server = createServer((request, response) => {
    request.setEncoding('utf8')
    let body = ''
    request.on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const { method = '', url = '' } = request
      response.setHeader('content-type', 'application/json')
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      response.end(JSON.stringify({ method, url, headers: request.headers, body } satisfies Told))
    })
  })
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.on('upgrade', (_request, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
    socket.write(head)
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => open.size,
    async stop() {
      server.close()
      for (const socket of open) socket.destroy()
      await once(server, 'close')
    }
  }
}
