import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  readonly host: string
  readonly port: number
  /** Connections go through again, new ones and those that were silent. */
  pass(): void
  /** Every open connection is reset; new ones go through. */
  cut(): void
  /** All are reset when the server has answered so much from now on; resolves then. */
  cutAfter(answerBytes: number): Promise<void>
  /** Nothing goes through any more, and no end is told. */
  silence(): void
  stop(): Promise<void>
}

/** Stands in front of a server that speaks any protocol, SSH too, and does to its connections what networks do. */
export async function startTcpProxy({ host, port }: { host: string; port: number }): Promise<TcpProxy> {
  const pairs = new Set<readonly [client: Socket, server: Socket]>()
  let isSilent = false
  let cutting: { leftBytes: number; done: () => void } | null = null

  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy()
  }
  /** Whether this part of an answer was too much. */
  const hasCut = (bytes: number): boolean => {
    if (cutting === null) return false
    cutting.leftBytes -= bytes
    if (cutting.leftBytes > 0) return false
    cutting.done()
    cutting = null
    cut()
    return true
  }
  const listening = createServer((client) => {
    const server = connect({ host, port })
    const pair = [client, server] as const
    pairs.add(pair)
    for (const [from, to] of [pair, [server, client] as const]) {
      from.setNoDelay(true).on('error', () => {})
      from.on('data', (part) => {
        if (from === server && hasCut(part.length)) return
        if (!to.destroyed && !to.write(part)) from.pause()
      })
      to.on('drain', () => isSilent || from.resume())
      from.on('end', () => to.end())
      from.on('close', () => {
        to.destroy()
        pairs.delete(pair)
      })
      if (isSilent) from.pause()
    }
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')

  return {
    host: '127.0.0.1',
    port: (listening.address() as AddressInfo).port,
    pass: () => {
      isSilent = false
      for (const pair of pairs) for (const socket of pair) socket.resume()
    },
    cut,
    cutAfter: (leftBytes) =>
      new Promise((done) => {
        cutting = { leftBytes, done }
      }),
    silence: () => {
      isSilent = true
      for (const pair of pairs) for (const socket of pair) socket.pause()
    },
    stop: async () => {
      listening.close()
      cut()
      await once(listening, 'close')
    }
  }
}
