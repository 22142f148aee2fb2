import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { until } from '../../../test/support/until.ts'

/** A client that says on its connection what it likes, and stops when it likes. */
export interface RawClient {
  socket: Socket
  send(text: string | Buffer): void
  /** What came until now. */
  received(): string
  /** Waits for an answer's beginning, as far as the pattern says. */
  untilReceived(pattern: RegExp): Promise<void>
  /** Resolves when the other side has ended or cut the connection. */
  closed: Promise<unknown>
}

/** Sends the head of a request with the key of the user `local`. */
export async function openRawClient(url: string, request: string, headers: Record<string, string> = {}): Promise<RawClient> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text
  })
  // Cut connections are what these tests are about.
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const all = { host: `${hostname}:${port}`, authorization: 'Bearer key-of-the-local-user', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`${request} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
  return {
    ...{ socket, closed, received: () => received },
    send: (text) => void socket.write(text),
    untilReceived: async (pattern) => {
      await until(() => pattern.test(received))
    }
  }
}
