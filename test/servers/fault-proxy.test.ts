import { once } from 'node:events'
import { Agent, createServer, request as open, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'

interface Received {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: readonly string[]
  readonly body: Buffer
  readonly isComplete: boolean
}

const large = Buffer.alloc(3_000_000, 'abcdefghij')

describe('the fault proxy', () => {
  let server: Server
  let proxy: FaultProxy
  const received: Received[] = []
  // One connection, kept, as most clients have it.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })

  beforeAll(async () => {
    server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part) => parts.push(part))
      request.on('close', () => {
        const { method, url, rawHeaders: headers, complete: isComplete } = request
        received.push({ method, url, headers, body: Buffer.concat(parts), isComplete })
      })
      response.setHeader('X-Of-Server', 'yes')
      request.on('end', () => response.end(request.url === '/large' ? large : 'hello'))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy = await startFaultProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  })

  beforeEach(() => {
    proxy.pass()
    proxy.requests.length = 0
    received.length = 0
  })

  afterAll(async () => {
    await proxy.stop()
    server.closeAllConnections()
    server.close()
    agent.destroy()
  })

  interface Wanted {
    readonly method?: string
    readonly headers?: Record<string, string>
    readonly body?: Buffer
    readonly timeoutMs?: number
  }

  async function ask(path: string, { method = 'GET', headers = {}, body, timeoutMs = 60_000 }: Wanted = {}) {
    const signal = AbortSignal.timeout(timeoutMs)
    const request = open(proxy.url + path, { method, headers, agent, signal })
    request.end(body)
    const [response] = await once(request, 'response')
    return { status: response.statusCode, headers: response.headers, body: await buffer(response) }
  }

  it('passes both ways what it is not told to spoil, with the headers as they were written', async () => {
    const answer = await ask('/large?a=%2F', { method: 'PUT', headers: { 'X-Signed': 'as is' }, body: large })
    expect(answer).toMatchObject({ status: 200, body: Buffer.from('hello'), headers: { 'x-of-server': 'yes' } })
    expect((await ask('/large')).body.equals(large)).toBe(true)
    expect(received[0]?.body.equals(large)).toBe(true)
    expect(received[0]?.headers.join()).toContain(`X-Signed,as is,Host,${new URL(proxy.url).host}`)
    expect(proxy.requests).toEqual([
      { method: 'PUT', url: '/large?a=%2F' },
      { method: 'GET', url: '/large' }
    ])
  })

  it('answers the next requests itself', async () => {
    proxy.failNext(2, 429, { 'retry-after': '7' })
    for (const _ of [1, 2]) {
      expect(await ask('/a', { method: 'PUT', body: large })).toMatchObject({
        status: 429,
        headers: { 'retry-after': '7' }
      })
    }
    expect(received).toEqual([])
    expect(await ask('/a')).toMatchObject({ status: 200 })
  })

  it('resets before the server gets anything', async () => {
    proxy.resetNext(1)
    await expect(ask('/a', { method: 'PUT', body: large })).rejects.toThrow(/ECONNRESET|hang up|EPIPE/)
    expect(received).toEqual([])
    expect(await ask('/a')).toMatchObject({ status: 200 })
  })

  it('resets in the middle of a body', async () => {
    proxy.resetNext(1, 1_000_000)
    await expect(ask('/a', { method: 'PUT', body: large })).rejects.toThrow(/ECONNRESET|hang up|EPIPE/)
    await vi.waitFor(() => expect(received).toHaveLength(1))
    expect(received[0]).toMatchObject({ isComplete: false })
    expect(received[0]?.body).toHaveLength(1_000_000)
  })

  it('aims at some of the requests', async () => {
    proxy.aim(/^PUT .*\?part=2/)
    proxy.failNext(1, 503)
    const statuses: unknown[] = []
    for (const path of ['/a?part=1', '/a?part=2', '/a?part=2']) statuses.push((await ask(path, { method: 'PUT' })).status)
    expect(statuses).toEqual([200, 503, 200])
  })

  it('lets the server act and resets instead of the answer', async () => {
    proxy.resetAfterForwarding(1)
    await expect(ask('/a', { method: 'PUT', body: large })).rejects.toThrow(/ECONNRESET|hang up/)
    expect(received).toMatchObject([{ method: 'PUT', isComplete: true }])
  })

  it('strikes at a request by what it says, before the server has it', async () => {
    const order: string[] = []
    const struck = proxy.strikeAt(/^PUT \/a/, /second/, async () => void order.push(`struck after ${received.length}`))
    expect(await ask('/a', { method: 'PUT', body: Buffer.from('the first') })).toMatchObject({ status: 200 })
    expect(await ask('/b', { method: 'PUT', body: Buffer.from('the second, elsewhere') })).toMatchObject({ status: 200 })
    await expect(ask('/a', { method: 'PUT', body: Buffer.from('the second') })).rejects.toThrow(/ECONNRESET|hang up/)
    await struck
    expect(order).toEqual(['struck after 2'])
    expect(received.map(({ body }) => body.toString())).toEqual(['the first', 'the second, elsewhere'])
    expect(await ask('/a', { method: 'PUT', body: Buffer.from('the second, again') })).toMatchObject({ status: 200 })
  })

  it('strikes when the server has the request and its sender no answer', async () => {
    const struck = proxy.strikeAt(/^PUT/, /^/, async (send) => {
      await send()
      expect(received).toMatchObject([{ method: 'PUT', isComplete: true }])
    })
    expect(await ask('/a', { method: 'PUT', body: large })).toMatchObject({ status: 200, body: Buffer.from('hello') })
    await struck
  })

  it('has a request arrive when its sender has long gone', async () => {
    const gone = Promise.resolve().then(() =>
      expect(ask('/a', { method: 'PUT', body: large, timeoutMs: 100 })).rejects.toThrow(/aborted/)
    )
    const struck = proxy.strikeAt(/^PUT/, /^/, async (send) => {
      await gone
      expect(received).toEqual([])
      await send()
    })
    await struck
    expect(received.map(({ body }) => body.equals(large))).toEqual([true])
  })

  it('cuts the body of an answer', async () => {
    proxy.truncateNext(2, 1_000_000)
    const request = open(`${proxy.url}/large`, { agent }).end()
    const [response] = await once(request, 'response')
    expect(response.headers['content-length']).toBe('3000000')
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    await expect(once(response, 'end')).rejects.toThrow('aborted')
    expect(Buffer.concat(parts).equals(large.subarray(0, 1_000_000))).toBe(true)
    await expect(ask('/large')).rejects.toThrow('aborted')
  })

  it('spoils one bit of an answer', async () => {
    proxy.corruptNext(1)
    expect((await ask('/a')).body.toString()).toBe('iello')
    expect((await ask('/a')).body.toString()).toBe('hello')
  })

  it('resets every connection, also one that is kept, until it may pass again', async () => {
    await ask('/a')
    proxy.refuse()
    for (const _ of [1, 2]) await expect(ask('/a')).rejects.toThrow(/ECONNRESET|hang up/)
    proxy.pass()
    expect(await ask('/a')).toMatchObject({ status: 200 })
  })

  it('takes requests without answering, or answers late', async () => {
    proxy.stall()
    await expect(ask('/a', { timeoutMs: 50 })).rejects.toThrow('aborted')
    expect(proxy.requests).toHaveLength(1)
    expect(received).toEqual([])
    proxy.delay(300)
    const before = performance.now()
    expect(await ask('/a')).toMatchObject({ status: 200 })
    expect(performance.now() - before).toBeGreaterThan(290)
  })

  it('resets when the server is away', async () => {
    const nowhere = await startFaultProxy({ host: '127.0.0.1', port: 1 })
    await expect(fetch(nowhere.url)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
    await nowhere.stop()
  })
})
