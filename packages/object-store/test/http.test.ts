import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { RefusedError, StorageError } from '@lautta/core/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodePath } from '../src/http/encode-path.ts'
import { gather } from '../src/http/gather.ts'
import { createHttpClient, type HttpClient, type StoreAnswer } from '../src/http/http-client.ts'
import { createDownload } from '../src/http/resuming-download.ts'

let server: Server
let http: HttpClient
let url: URL
let answers: ((request: IncomingMessage, response: ServerResponse) => void)[]
let seen: string[]

beforeEach(async () => {
  answers = []
  seen = []
  server = createServer(async (request, response) => {
    const body = await buffer(request).catch(() => Buffer.from('broken'))
    seen.push(`${request.method} ${body}`)
    const [answer = (_request, res) => res.end('well')] = answers.splice(0, 1)
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x?y=z`)
  http = createHttpClient({ name: 'the store', silenceMs: 500, firstPauseMs: 1, longestPauseMs: 20 })
})
afterEach(async () => {
  await http.close()
  server.closeAllConnections()
  server.close()
})

const fail = (status: number) => (_request: IncomingMessage, response: ServerResponse) => response.writeHead(status).end('no')
const reset = (request: IncomingMessage) => request.socket.destroy()
const stall = () => {}
const text = async ({ status, body }: StoreAnswer) => `${status} ${await body.text()}`

describe('a request to a store', () => {
  it.each([429, 498, 500, 502, 503, 504])('is sent again after %i', async (status) => {
    answers = [fail(status), fail(status)]
    expect(await text(await http.send({ method: 'GET', url }))).toBe('200 well')
    expect(seen).toHaveLength(3)
  })
  it.each([400, 401, 403, 404, 412, 413, 422])('is not sent again after %i', async (status) => {
    answers = [fail(status)]
    expect(await text(await http.send({ method: 'GET', url }))).toBe(`${status} no`)
  })
  it('is sent again, with the same bytes, after a reset and after silence', async () => {
    answers = [reset, stall]
    expect(await text(await http.send({ method: 'PUT', url, body: Buffer.from('same') }))).toBe('200 well')
    expect(seen).toEqual(['PUT same', 'PUT same', 'PUT same'])
  })
  it('is given up after five times, with the answer or what happened', async () => {
    answers = Array(5).fill(fail(503))
    expect(await text(await http.send({ method: 'GET', url }))).toBe('503 no')
    answers = Array(5).fill(reset)
    await expect(http.send({ method: 'GET', url })).rejects.toThrow(/^the store does not answer: other side closed/)
    expect(seen).toHaveLength(10)
  })
  it('waits as long as it is told to, within bounds', async () => {
    answers = [(_request, response) => response.writeHead(429, { 'retry-after': '3600' }).end()]
    expect((await http.send({ method: 'GET', url })).status).toBe(200)
  })
  it('with POST, or with a stream, is sent once', async () => {
    for (const body of [Buffer.from('bytes'), Readable.from([Buffer.from('stream')])]) {
      answers = [reset]
      const method = body instanceof Readable ? 'PUT' : 'POST'
      await expect(http.send({ method, url, body })).rejects.toThrow(StorageError)
    }
    answers = [fail(503)]
    expect((await http.send({ method: 'POST', url })).status).toBe(503)
    expect(seen).toEqual(['POST bytes', 'PUT stream', 'POST '])
  })
  it('with a POST that is harmless twice is sent again', async () => {
    answers = [fail(503), reset]
    expect((await http.send({ method: 'POST', url, harmlessTwice: true })).status).toBe(200)
    expect(seen).toHaveLength(3)
  })
  it('leaves its connection to the next ones, with HEAD too', async () => {
    let connections = 0
    server.on('connection', () => connections++)
    for (let round = 0; round < 10; round++) await (await http.send({ method: 'HEAD', url })).body.dump()
    // One comes back a moment after the answer; meanwhile the next request may open a second one.
    expect(connections).toBeLessThanOrEqual(2)
  })
  it('may take long as long as its bytes move', async () => {
    const body = Buffer.alloc(32 * 1024 ** 2, 'x')
    let received = 0
    const slow = createServer(async (request, response) => {
      for await (const chunk of request) {
        // The way is narrow for the first megabytes.
        if (received < 16 * 1024 ** 2 && received % 2 ** 20 > (received + chunk.length) % 2 ** 20) await pause(100)
        received += chunk.length
      }
      response.end('well')
    }).listen(0, '127.0.0.1')
    await once(slow, 'listening')
    const there = new URL(`http://127.0.0.1:${(slow.address() as AddressInfo).port}`)
    expect(await text(await http.send({ method: 'PUT', url: there, body }))).toBe('200 well')
    expect(received).toBe(body.length)
    slow.close()
  })
  it('is not sent after its signal', async () => {
    const ending = new AbortController()
    answers = [
      (request) => {
        ending.abort()
        reset(request)
      }
    ]
    await expect(http.send({ method: 'PUT', url, body: Buffer.from('late'), signal: ending.signal })).rejects.toThrow(
      StorageError
    )
    expect(seen).toEqual(['PUT late'])
  })
  it('is not waited for after its signal', async () => {
    const slow = createHttpClient({ name: 'the store', firstPauseMs: 60_000, longestPauseMs: 60_000 })
    const ending = new AbortController()
    answers = [
      (_request, response) => {
        response.writeHead(503).end()
        setImmediate(() => ending.abort())
      }
    ]
    await expect(slow.send({ method: 'GET', url, signal: ending.signal })).rejects.toThrow(/the store does not answer: .*abort/)
    await slow.close()
  })
  it('that can not be sent at all is refused at once', async () => {
    const patient = createHttpClient({ name: 'the store', firstPauseMs: 60_000, longestPauseMs: 60_000 })
    const headers = { 'content-type': 'a\nb' }
    await expect(patient.send({ method: 'GET', url, headers })).rejects.toThrow(RefusedError)
    await patient.close()
    await expect(patient.send({ method: 'GET', url })).rejects.toThrow(StorageError)
    expect(seen).toEqual([])
  })
  it('does not wait for those who read slowly, nor without end for a connection', async () => {
    const narrow = createHttpClient({ name: 'the store', connections: 1, streams: 1, silenceMs: 500, tries: 1 })
    answers = [(_request, response) => response.end(Buffer.alloc(8 * 1024 ** 2))]
    const paused = await narrow.send({ method: 'GET', url, isForReader: true })
    expect(await text(await narrow.send({ method: 'GET', url }))).toBe('200 well')
    await expect(narrow.send({ method: 'GET', url, isForReader: true })).rejects.toThrow(/no connection was free for 500 ms/)
    expect((await buffer(paused.body)).length).toBe(8 * 1024 ** 2)
    expect(await text(await narrow.send({ method: 'GET', url, isForReader: true }))).toBe('200 well')
    expect(seen).toHaveLength(3)
    await narrow.close()
  })
  it('that nobody answers names the store and what happened', async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    await expect(http.send({ method: 'POST', url })).rejects.toThrow(/the store does not answer: .*ECONNREFUSED/)
  })
})

describe('a download', () => {
  const content = Buffer.from('0123456789'.repeat(1000))
  const md5 = createHash('md5').update(content).digest('hex')
  const part = (from: number, to: number) => (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { 'content-length': content.length - from })
    if (to === content.length) response.end(content.subarray(from))
    else response.write(content.subarray(from, to), () => response.destroy())
  }
  const download = async (resume: (offset: number) => Promise<StoreAnswer | null>, usedBytes = content.length) => {
    const first = await http.send({ method: 'GET', url })
    return buffer(createDownload({ path: 'x', first, usedBytes, md5, resume }))
  }

  it('that breaks is taken up where it broke', async () => {
    const offsets: number[] = []
    answers = [part(0, 4000), part(4000, 9000), part(9000, 10_000)]
    const got = await download((offset) => {
      offsets.push(offset)
      return http.send({ method: 'GET', url })
    })
    expect(got.equals(content)).toBe(true)
    expect(offsets).toEqual([4000, 9000])
  })
  it('ends with an error when the object is another one meanwhile', async () => {
    answers = [part(0, 4000)]
    await expect(download(async () => null)).rejects.toThrow(/x could not be read to its end/)
  })
  it('ends with an error when what came has another MD5', async () => {
    answers = [(_request, response) => response.end(Buffer.alloc(content.length))]
    await expect(download(async () => null)).rejects.toThrow(/the MD5 of what came is [0-9a-f]{32}, not/)
  })
  it('lets go of its connection when it is given up unread', async () => {
    const closed = new Promise((resolve) => {
      answers = [(_request, response) => response.once('close', () => resolve('closed')).write(content)]
    })
    const patient = createHttpClient({ name: 'the store', silenceMs: 60_000 })
    const first = await patient.send({ method: 'GET', url })
    createDownload({ path: 'x', first, usedBytes: 20_000, md5, resume: async () => null }).destroy()
    expect(await closed).toBe('closed')
    await patient.close()
  })
  it('is not taken up again when it is given up', async () => {
    const offsets: number[] = []
    const long = Buffer.alloc(2 ** 20)
    answers = [(_request, response) => response.end(long)]
    const first = await http.send({ method: 'GET', url })
    const resume = async (offset: number) => {
      offsets.push(offset)
      return null
    }
    const given = createDownload({ path: 'x', first, usedBytes: long.length, md5, resume })
    await once(given, 'readable')
    given.destroy(new Error('the reader is gone'))
    await expect(finished(given)).rejects.toThrow('the reader is gone')
    expect(offsets).toEqual([])
  })
  it('ends with an error when nothing more comes, however often it is asked for', async () => {
    answers = Array(20).fill((_request: IncomingMessage, response: ServerResponse) => response.end())
    await expect(download(() => http.send({ method: 'GET', url }))).rejects.toThrow(/only 0 of 10000 bytes came/)
  })
})

describe('a stream that is gathered', () => {
  const source = (parts: readonly string[]) => Readable.from(parts.map((part) => Buffer.from(part)))
  it('is in memory when it is short', async () => {
    expect(await gather(source(['ab', 'cd']), 4)).toEqual({ whole: Buffer.from('abcd') })
    expect(await gather(source([]), 4)).toEqual({ whole: Buffer.from('') })
  })
  it('is a stream again when it is longer, with all of its bytes', async () => {
    const gathered = await gather(source(['ab', 'cd', 'e', 'fgh']), 4)
    expect('rest' in gathered && (await buffer(gathered.rest)).toString()).toBe('abcdefgh')
  })
  it('passes on that its source breaks, and lets go of it when nobody reads on', async () => {
    const breaking = Readable.from(
      (async function* () {
        yield Buffer.from('abcdefgh')
        throw new Error('the source broke')
      })()
    )
    const gathered = await gather(breaking, 4)
    await expect('rest' in gathered && buffer(gathered.rest)).rejects.toThrow('the source broke')
    const left = source(['abcdefgh', 'i'])
    const other = await gather(left, 4)
    if ('rest' in other) other.rest.destroy()
    await finished(left).catch(() => {})
    expect(left.destroyed).toBe(true)
  })
})

describe('a path in a URL', () => {
  it('keeps its slashes and escapes all else, also what encodeURIComponent leaves', () => {
    expect(encodePath(`DATA/ä b+c/it's (1)*!~`)).toBe('DATA/%C3%A4%20b%2Bc/it%27s%20%281%29%2A%21~')
  })
})
