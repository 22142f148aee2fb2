import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { LauttaError } from '@lautta/core/errors'
import { mostLineBytes, writePreambleAnswer } from '@lautta/core/forwards/preamble'
import { joinStreams } from '@lautta/runtime/join-streams'
import { readFirstLine } from '@lautta/runtime/read-first-line'

/** A port on which a forward's owner is answered, and nobody else. */
export interface OwnerListener {
  port: number
  /** Ends all its connections, too. */
  close(): void
}

export interface OwnerListenerOptions {
  host: string
  port: number
  /** Whether a first line was written in the owner's name. */
  isPreamble(line: string): boolean
  /** Opens the service; what it throws is told to the owner. */
  dial(): Promise<Duplex>
}

const preambleMs = 5000
const keepAliveMs = 30_000
// A browser opens six at once, and a fan of tests some dozens.
const mostConnections = 512

/** Listens on a port; rejects when somebody else has it. Who does not begin with the owner's line gets no byte. */
export async function listenForOwner({ host, port, isPreamble, dial }: OwnerListenerOptions): Promise<OwnerListener> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs })
  server.maxConnections = mostConnections
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // An unheard error would end our process; the close that follows says enough.
    socket.on('error', () => {})
    void answer(socket)
  })

  const answer = async (socket: Socket): Promise<void> => {
    const line = await readFirstLine(socket, mostLineBytes, preambleMs)
    if (line === null || !isPreamble(line)) return void socket.destroy()
    try {
      const service = await dial()
      if (socket.destroyed) return void service.destroy()
      socket.write(`${writePreambleAnswer(null)}\n`)
      joinStreams(socket, service)
    } catch (error) {
      const reason = error instanceof LauttaError ? error.message : 'something unexpected happened'
      socket.end(`${writePreambleAnswer(reason)}\n`, () => socket.destroy())
    }
  }

  server.listen({ host, port, exclusive: true })
  await once(server, 'listening')
  return {
    port,
    close() {
      server.close()
      // A reset tells that this was not all.
      for (const socket of sockets) socket.resetAndDestroy()
    }
  }
}
