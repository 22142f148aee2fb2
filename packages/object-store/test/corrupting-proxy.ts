import { once } from 'node:events'
import { createServer, request as open } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

export interface CorruptingProxy {
  /** "http://127.0.0.1:<port>" */
  readonly url: string
  /** One bit of so many uploads that begin now is wrong when they arrive. */
  corruptNext(count: number): void
  stop(): void
}

/** Stands in front of a server and harms what is sent to it. */
export async function startCorruptingProxy(target: URL): Promise<CorruptingProxy> {
  let left = 0
  const server = createServer((request, response) => {
    const { method, url: path, headers } = request
    const { hostname: host, port } = target
    const isHarmed = method === 'PUT' && headers['content-length'] !== '0' && left-- > 0
    const forwarded = open({ host, port, method, path, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    forwarded.on('error', () => response.destroy())
    const sent = isHarmed ? pipeline(request, flipFirstBit, forwarded) : pipeline(request, forwarded)
    sent.catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    corruptNext: (count) => {
      left = count
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

async function* flipFirstBit(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true
  for await (const chunk of body) {
    if (isFirst) chunk.writeUInt8(chunk.readUInt8() ^ 1)
    isFirst = false
    yield chunk
  }
}
