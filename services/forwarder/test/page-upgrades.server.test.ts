import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { type HeldForward, holdForward } from './held-forward.ts'
import { openTestApi, type TestApi } from './open-api.ts'

let api: TestApi
let held: HeldForward
let origin: URL
let cookie: string
let asked = 0
beforeAll(async () => {
  api = await openTestApi()
  // It knows no other protocol, and answers in HTTP.
  held = await holdForward(
    api,
    'dashboard',
    createServer((_request, response) => {
      asked++
      response.end('no WebSocket here')
    })
  )
  const { url } = (await api.ask(`/v1/forwards/${held.id}/link`, { method: 'POST' })).json
  const entered = await fetch(url, { redirect: 'manual' })
  origin = new URL(url)
  cookie = entered.headers.getSetCookie()[0]?.split(';')[0] ?? ''
})
afterAll(async () => {
  held?.close()
  await api?.close()
})

/** Asks a page for a WebSocket, and keeps its own direction open whatever is answered. */
const askForWebSocket = async (session: string): Promise<{ socket: Socket; received(): string }> => {
  const socket = connect({ port: Number(origin.port), host: origin.hostname, allowHalfOpen: true })
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  const lines = [`host: ${origin.host}`, 'connection: Upgrade', 'upgrade: websocket', `cookie: ${session}`]
  socket.write(`GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  return { socket, received: () => text }
}

describe('a WebSocket of a page', () => {
  it.each([
    ['that is refused', () => 'lautta-page=none', /^HTTP\/1\.1 401 /],
    ['that the service declines', () => cookie, /^HTTP\/1\.1 200 .*no WebSocket here/s]
  ])('%s ends its connection, also when the browser does not', async (_case, session, answer) => {
    const { socket, received } = await askForWebSocket(session())
    await once(socket, 'end')
    expect(received()).toMatch(answer)
    // A connection that is over on the other side breaks when something is sent.
    await until(() => {
      if (!socket.destroyed) socket.write('still here')
      return socket.destroyed
    })
  })

  it('is probed by the system while it is silent, so that a lost browser is noticed', async () => {
    const open = held.stall()
    const { socket } = await askForWebSocket(cookie)
    const port = Number(origin.port).toString(16).toUpperCase().padStart(4, '0')
    // Of proc(5): the local address, the state (01: established) and the timer (02: of probes).
    const probed = new RegExp(`^ *\\d+: [0-9A-F]+:${port} \\S+ 01 \\S+ 02:`, 'm')
    await until(async () => probed.test(await readFile('/proc/self/net/tcp', 'utf8')))
    open()
    await once(socket, 'end')
    socket.destroy()
  })

  it('whose browser goes while the service is dialled leaves no connection to that', async () => {
    const before = { sockets: held.sockets.length, asked }
    const open = held.stall()
    const { socket } = await askForWebSocket(cookie)
    const service = await until(() => held.sockets[before.sockets])
    socket.resetAndDestroy()
    // What came before this is read by then.
    await fetch(origin)
    open()
    await until(() => service.destroyed)
    expect(asked).toBe(before.asked)
  })
})
