import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { mostLineBytes, writePreambleAnswer } from '@lautta/core/forwards/preamble'
import { readFirstLine } from '@lautta/runtime/read-first-line'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KnownForward } from '../src/forwards/forward-book.ts'
import { createOpenForwardStream } from '../src/forwards/open-forward-stream.ts'

const connectMs = 50

describe('a connection through a forward', () => {
  let port: Server
  beforeAll(async () => {
    port = createServer(async (socket) => {
      await readFirstLine(socket, mostLineBytes, 5000)
      socket.write(`${writePreambleAnswer(null)}\n`)
      socket.pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(port, 'listening')
  })
  afterAll(() => void port?.close())

  it('lasts longer than connecting may take', async () => {
    const open = createOpenForwardStream(Buffer.from('a key'), () => new Date(), connectMs)
    const address = { host: '127.0.0.1', port: (port.address() as AddressInfo).port }
    const socket = await open({ id: '01m7z2040erhmdm6kqnbfekstk', state: 'open', reason: null, address } as KnownForward)
    // It began later than the time to connect.
    await once(AbortSignal.timeout(connectMs), 'abort')
    socket.end('still there')
    let echoed = ''
    for await (const bytes of socket) echoed += String(bytes)
    expect(echoed).toBe('still there')
  })
})
