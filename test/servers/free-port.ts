import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

// Below 32768, where the kernel takes the ports of outgoing connections from: one of those could slip in between.
const lowest = 10_000
const highest = 32_767

/**
 * Servers that can't pick a port themselves get the first of `count` free ones in a row from here; it is no
 * reservation, so whoever starts one tries again when the port is taken meanwhile.
 */
export async function freePort(count = 1): Promise<number> {
  for (;;) {
    const first = randomInt(lowest, highest + 2 - count)
    const ports = Array.from({ length: count }, (_, index) => first + index)
    const results = await Promise.allSettled(ports.map(listen))
    const servers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    await Promise.all(servers.map(close))
    if (servers.length === count) return first
  }
}

// All addresses, because slurmd and its kind listen on all of them.
async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, '0.0.0.0')
  await once(server, 'listening')
  return server
}

async function close(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}
