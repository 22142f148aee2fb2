import { createHash, randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { openTestApi, type TestApi } from './open-api.ts'
import { openRawClient, type RawClient } from './raw-client.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api?.close())

const put = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  api.ask(`/v1/objects/pipeline/${path}`, { method: 'PUT', body, headers })
const read = async (path: string) => (await api.ask(`/v1/objects/pipeline/${path}`)).text
const digest = (algorithm: string, content: Buffer, encoding: 'base64' | 'hex') =>
  createHash(algorithm).update(content).digest(encoding)

/** Sends the first half of an upload, and waits until the store has some of it. */
async function beginUpload(path: string, half: Buffer, headers: Record<string, string> = {}): Promise<RawClient> {
  const before = (await api.unfinished()).length
  const length = { 'content-length': String(half.length * 2), ...headers }
  const client = await openRawClient(api.url, `PUT /v1/objects/pipeline/${path}`, length)
  client.send(half)
  await until(async () => (await api.unfinished()).length > before)
  return client
}

describe('an upload with a checksum', () => {
  const content = randomBytes(1_000_000)
  const right = {
    'content-md5': digest('md5', content, 'base64'),
    'content-digest': `sha-256=:${digest('sha256', content, 'base64')}:, md5=:${digest('md5', content, 'base64')}:, sha-512=:x:`,
    'repr-digest': `sha-256=:${digest('sha256', content, 'base64')}:`,
    'x-checksum-sha256': digest('sha256', content, 'hex').toUpperCase()
  }
  const other = Buffer.from('other')
  const wrong = {
    'content-md5': digest('md5', other, 'base64'),
    'content-digest': `sha-256=:${digest('sha256', other, 'base64')}:`,
    'repr-digest': `md5=:${digest('md5', other, 'base64')}:`,
    'x-checksum-sha256': digest('sha256', other, 'hex')
  }
  it('is stored when it arrives as it was sent', async () => {
    expect(await put('checked', content, right)).toMatchObject({ status: 201, json: { 'used-bytes': 1_000_000 } })
    expect((await put('checked-empty', '', { 'x-checksum-sha256': digest('sha256', Buffer.from(''), 'hex') })).status).toBe(201)
  })
  it.each(Object.entries(wrong))('leaves what was there when %s is another, and names both', async (header, value) => {
    await put('differs', 'old')
    const { json } = await put('differs', content, { ...right, [header]: value })
    const algorithm = /md5/.test(header + value.slice(0, 4)) ? 'md5' : 'sha256'
    expect(json).toMatchObject({ status: 400, errors: [{ path: header }] })
    for (const bytes of [content, other]) expect(json.detail).toContain(digest(algorithm, bytes, 'hex'))
    expect([await read('differs'), await api.unfinished()]).toEqual(['old', []])
    expect((await put('differs-empty', '', { [header]: value })).status).toBe(400)
    expect((await api.ask('/v1/objects/pipeline/differs-empty')).status).toBe(404)
  })
  it.each([
    ['content-md5', 'AAAA'],
    ['content-md5', '00000000000000000000000000000000'],
    ['content-digest', 'sha-256=47DEQpj8HBSa'],
    ['repr-digest', 'sha-256=:AAAA:'],
    ['x-checksum-sha256', 'abc']
  ])('is refused when %s is none: %s', async (header, value) => {
    const { json } = await put('none', 'x', { [header]: value })
    expect(json).toMatchObject({ status: 400, errors: [{ path: header }], detail: expect.stringContaining(header) })
    expect((await api.ask('/v1/objects/pipeline/none')).status).toBe(404)
  })
})

describe('an upload that breaks', () => {
  it.each([
    ['the client is gone', (client: RawClient) => client.socket.resetAndDestroy()],
    ['the client ends it early', (client: RawClient) => client.socket.end()]
  ])('leaves what was there, and nothing else, when %s', async (_when, breakOff) => {
    await put('broken', 'old')
    const client = await beginUpload('broken', Buffer.alloc(500_000))
    breakOff(client)
    await client.closed
    await until(async () => (await api.unfinished()).length === 0)
    expect(client.received()).not.toMatch(/^HTTP\/1.1 2/)
    expect(await read('broken')).toBe('old')
  })
  it('leaves nothing when its chunks are none', async () => {
    const client = await openRawClient(api.url, 'PUT /v1/objects/pipeline/garbled', { 'transfer-encoding': 'chunked' })
    client.send('3\r\nabc\r\n')
    await until(async () => (await api.unfinished()).length > 0)
    client.send('no length\r\n')
    await client.closed
    await until(async () => (await api.unfinished()).length === 0)
    expect((await api.ask('/v1/objects/pipeline/garbled')).status).toBe(404)
  })
  it('by the store is told to the client, whose connection goes on', async () => {
    const inTheWay = join(api.folder, 'store/.tmp/mlch-exp-local')
    await mkdir(dirname(inTheWay), { recursive: true })
    await writeFile(inTheWay, '')
    const length = { 'content-length': '5000000' }
    const client = await openRawClient(api.url, 'PUT /v1/objects/experiment/x', length)
    client.send(Buffer.alloc(2_500_000))
    await client.untilReceived(/^HTTP\/1\.1 503 [\s\S]*retry-after[\s\S]*\}$/)
    client.send(Buffer.alloc(2_500_000))
    client.send('GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    await client.closed
    expect(client.received()).toMatch(/HTTP\/1\.1 200 OK[\s\S]*"live":true/)
    await rm(inTheWay)
  })
  it('is cut off when its client keeps silent for too long', async () => {
    const impatient = await openTestApi({ silenceMs: 1000 })
    const length = { 'content-length': '100000000' }
    const client = await openRawClient(impatient.url, 'PUT /v1/objects/pipeline/silent', length)
    await until(async () => {
      client.send('not silent yet')
      return (await impatient.unfinished()).length === 1
    })
    await client.closed
    await until(async () => (await impatient.unfinished()).length === 0)
    await impatient.close()
  })
})

describe('an upload that asks whether to go on', () => {
  const expecting = { expect: '100-continue', 'content-length': '5' }
  it('is told to, and its connection may be used again', async () => {
    const client = await openRawClient(api.url, 'PUT /v1/objects/pipeline/continued', expecting)
    await client.untilReceived(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
    client.send('12345')
    await client.untilReceived(/HTTP\/1\.1 201 Created[\s\S]*\}$/)
    client.send('GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    await client.closed
    expect(client.received()).toMatch(/HTTP\/1\.1 200 OK/)
    expect(await read('continued')).toBe('12345')
  })
  it.each([
    ['no key', { authorization: 'Bearer nobody' }, 401],
    ['a condition that fails', { 'if-none-match': '*' }, 412],
    ['a checksum that is none', { 'content-md5': 'x' }, 400]
  ])('is refused before it is sent, for %s', async (_why, headers, status) => {
    await put('refused', 'old')
    const client = await openRawClient(api.url, 'PUT /v1/objects/pipeline/refused', { ...expecting, ...headers })
    await client.closed
    expect(client.received()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })
  it('is told to also where other things than objects are sent', async () => {
    const headers = { ...expecting, 'content-type': 'application/json', connection: 'close' }
    const client = await openRawClient(api.url, 'POST /v1/orchestrations', headers)
    await client.untilReceived(/100 Continue/)
    client.send('{"a":')
    await client.closed
    expect(client.received()).toMatch(/HTTP\/1\.1 400 [\s\S]*the body is not valid JSON/)
  })
})

describe('of uploads at once', () => {
  it('one makes a new object, and the other is told so, however long they take', async () => {
    const halves = ['a', 'b'].map((letter) => Buffer.alloc(500_000, letter))
    const both: RawClient[] = []
    for (const half of halves) both.push(await beginUpload('slow', half, { 'if-none-match': '*' }))
    for (const [index, client] of both.entries()) client.send(halves[index]!)
    await Promise.all(both.map((client) => client.untilReceived(/^HTTP\/1\.1 \d+ [\s\S]*\}$/)))
    const statuses = both.map((client) => client.received().slice(9, 12))
    expect([...statuses].sort()).toEqual(['201', '412'])
    expect(await read('slow')).toBe((statuses[0] === '201' ? 'a' : 'b').repeat(1_000_000))
    expect(await api.unfinished()).toEqual([])
    for (const client of both) client.socket.destroy()
  })
  it('one replaces the object that they know, never two', async () => {
    let { hash } = (await put('contended', 'start')).json
    for (let round = 0; round < 5; round++) {
      const texts = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => letter + round)
      const answers = await Promise.all(texts.map((text) => put('contended', text, { 'if-match': hash })))
      const statuses = answers.map(({ status }) => status)
      expect([...statuses].sort()).toEqual([201, 412, 412, 412, 412, 412])
      expect(await read('contended')).toBe(texts[statuses.indexOf(201)])
      hash = answers[statuses.indexOf(201)]!.json.hash
    }
  })
  it('those that have no condition need no Redis; the others wait for it', async () => {
    const lonely = await openTestApi()
    await lonely.redis.stop()
    const ask = (headers: Record<string, string>) => lonely.ask('/v1/objects/pipeline/x', { method: 'PUT', body: 'x', headers })
    const refused = await ask({ 'if-none-match': '*' })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect((await lonely.ask('/v1/objects/pipeline/x')).status).toBe(404)
    expect((await ask({})).status).toBe(201)
    await lonely.close()
  })
})
