import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../../../test/servers/fault-proxy.ts'
import { type KeystoneServer, startKeystone } from '../../../test/servers/keystone.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SwiftServer, startSwift, swiftCommands } from '../../../test/servers/swift.ts'
import { asJson } from '../../../test/support/rest-client.ts'
import { until } from '../../../test/support/until.ts'
import { openTestApi, type TestApi } from './open-api.ts'
import { openRawClient } from './raw-client.ts'

// Longer than what an adapter takes into memory before it begins to send.
const usedBytes = 20 * 1024 * 1024
const content = randomBytes(usedBytes)

describe.skipIf(!requireCommands(swiftCommands))('objects in Swift', () => {
  let keystone: KeystoneServer
  let swift: SwiftServer
  let proxy: FaultProxy
  let api: TestApi
  beforeAll(async () => {
    keystone = await startKeystone()
    swift = await startSwift(keystone)
    const { hostname, port, pathname } = new URL(swift.storageUrl)
    proxy = await startFaultProxy({ host: hostname, port: Number(port) })
    const credential = { kind: 'application-credential' as const, ...keystone.applicationCredential }
    const { authUrl } = keystone
    api = await openTestApi({ store: { kind: 'swift', authUrl, credential, endpoint: proxy.url + pathname } })
  })
  afterAll(async () => {
    await api?.close()
    await proxy?.stop()
    await swift?.stop()
    await keystone?.stop()
  })

  const put = (path: string, body: Buffer | string, headers: Record<string, string> = {}) =>
    api.ask(`/v1/objects/pipeline/${path}`, { method: 'PUT', body, headers })
  const read = async (path: string) => (await api.ask(`/v1/objects/pipeline/${path}`)).text
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

  it('are sent on whole only when the checksum of all that came is the right one', async () => {
    await put('large', 'old')
    const wrong = await put('large', content, { 'x-checksum-sha256': sha256(Buffer.from('other')) })
    expect(wrong.json).toMatchObject({ status: 400, detail: expect.stringContaining(sha256(content)) })
    expect(await read('large')).toBe('old')
    const right = await put('large', content, { 'x-checksum-sha256': sha256(content) })
    expect(right).toMatchObject({ status: 201, json: { 'used-bytes': usedBytes, version: 2 } })
    expect((await api.ask('/v1/objects/pipeline/large', { headers: { range: 'bytes=-4' } })).headers.get('content-range')).toBe(
      `bytes ${usedBytes - 4}-${usedBytes - 1}/${usedBytes}`
    )
  })
  it('are made once, although Swift can not compare and write', async () => {
    const answers = await Promise.all(['a', 'b', 'c'].map((letter) => put('once', letter, { 'if-none-match': '*' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 412, 412])
    const long = await Promise.all([1, 2].map(() => put('once-long', content, { 'if-none-match': '*' })))
    expect(long.map(({ status }) => status).sort()).toEqual([201, 412])
  })
  it('are as they were when a client leaves, and the store is left too', async () => {
    await put('left', 'old')
    const client = await openRawClient(api.url, 'PUT /v1/objects/pipeline/left', { 'content-length': String(usedBytes) })
    const before = proxy.requests.length
    client.send(content.subarray(0, usedBytes / 2))
    await until(() => proxy.requests.slice(before).some(({ method, url }) => method === 'PUT' && url.endsWith('/left')))
    client.socket.resetAndDestroy()
    // A connection that nobody gave back would be missing in the end.
    for (let round = 0; round < 40; round++) expect(await read('left')).toBe('old')
  })
  it('are never taken for whole when the store breaks off and does not come back', async () => {
    await put('broken', content)
    const client = await openRawClient(api.url, 'GET /v1/objects/pipeline/broken')
    await client.untilReceived(/\r\n\r\n./s)
    client.socket.pause()
    proxy.refuse()
    client.socket.resume()
    await client.closed
    proxy.pass()
    expect(client.received()).toContain(`content-length: ${usedBytes}`)
    expect(client.received().length).toBeLessThan(usedBytes)
  })
  it('have signed URLs of their own', async () => {
    await put('signed', 'x')
    const { json } = await api.ask('/v1/objects/pipeline/signed/sign', asJson({ method: 'GET', seconds: 60 }))
    expect(json.url.startsWith(proxy.url)).toBe(true)
    expect(await (await fetch(json.url)).text()).toBe('x')
  })
  it('are replaced by signed URLs of Lautta alone, which copy nothing from elsewhere', async () => {
    await put('source', 'of somebody')
    const { json } = await api.ask('/v1/objects/pipeline/signed/sign', asJson({ method: 'PUT', seconds: 60 }))
    expect(json.url.startsWith(api.url)).toBe(true)
    const headers = { 'x-copy-from': '/mlch-pipe-local/source', 'x-amz-copy-source': '/mlch-pipe-local/source' }
    expect((await fetch(json.url, { method: 'PUT', body: 'mine', headers })).status).toBe(201)
    expect(await read('signed')).toBe('mine')
  })
  it('are counted', async () => {
    const { json } = await api.ask('/v1/objects')
    expect(json.items[0]).toMatchObject({ target: 'pipeline', bucket: 'mlch-pipe-local' })
    expect(json.items[0].amount).toBeGreaterThan(0)
  })
  it('wait for a store that is away, and say so', async () => {
    proxy.refuse()
    const refused = await put('away', 'x')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    const ready = await api.ask('/health/ready')
    expect(ready.json.missing).toEqual(['object store: unavailable'])
    proxy.pass()
    expect((await put('away', 'x')).status).toBe(201)
  })
})
