import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { freePort } from './free-port.ts'

describe('a free port', () => {
  it('can be listened on, with all that follow it', async () => {
    const first = await freePort(5)
    for (const port of [0, 1, 2, 3, 4].map((offset) => first + offset)) {
      const server = createServer().listen(port, '127.0.0.1')
      await once(server, 'listening')
      server.close()
      await once(server, 'close')
    }
  })

  it('lies below those of outgoing connections', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort(3)))
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(10_000)
      expect(port + 2).toBeLessThan(32_768)
    }
  })
})
