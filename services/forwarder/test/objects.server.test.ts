import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestApi, type TestApi } from './open-api.ts'
import { openRawClient } from './raw-client.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
  await api.ask('/v1/objects/pipeline/DATA/mine', { method: 'PUT', body: 'mine' })
})
afterAll(() => api?.close())

const put = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  api.ask(`/v1/objects/${path}`, { method: 'PUT', body, headers })
const get = (path: string, headers: Record<string, string> = {}) => api.ask(`/v1/objects/${path}`, { headers })

describe('objects', () => {
  it('are stored and given back as they were, with their headers', async () => {
    const body = Buffer.from([0, 1, 2, 255])
    const stored = await put('pipeline/DATA/b%20%C3%A4', body, { 'content-type': 'text/x', 'x-object-meta-list': 'a,b' })
    expect([stored.status, stored.json]).toMatchObject([201, { path: 'DATA/b ä', 'used-bytes': 4, version: 1 }])
    const given = await fetch(`${api.url}/v1/objects/pipeline/DATA/b%20%C3%A4`, {
      headers: { authorization: 'Bearer key-of-the-local-user' }
    })
    expect(Buffer.from(await given.arrayBuffer()).equals(body)).toBe(true)
    expect(
      ['content-type', 'content-length', 'x-object-meta-list', 'x-object-meta-version', 'etag', 'x-content-type-options'].map(
        (name) => given.headers.get(name)
      )
    ).toEqual([...['text/x', '4', 'a,b', '1', `"${stored.json.hash}"`, 'nosniff']])
    const { status, headers } = await api.ask('/v1/objects/pipeline/DATA/b%20%C3%A4', { method: 'HEAD' })
    expect([status, headers.get('content-length'), headers.get('x-object-meta-list')]).toEqual([200, '4', 'a,b'])
  })
  it('may be empty, or come in chunks', async () => {
    expect((await put('pipeline/empty', '')).json).toMatchObject({ 'used-bytes': 0 })
    expect([(await get('pipeline/empty')).status, (await get('pipeline/empty')).text]).toEqual([200, ''])
    const body = new ReadableStream({
      start(controller) {
        for (const part of ['ab', 'cd']) controller.enqueue(Buffer.from(part))
        controller.close()
      }
    })
    await api.ask('/v1/objects/pipeline/chunked', { method: 'PUT', body, duplex: 'half' } as RequestInit)
    expect((await get('pipeline/chunked')).text).toBe('abcd')
  })
  it('are not put in parts, which would replace the whole', async () => {
    const part = await put('pipeline/DATA/mine', 'x', { 'content-range': 'bytes 0-0/4' })
    expect([part.status, (await get('pipeline/DATA/mine')).text]).toEqual([400, 'mine'])
  })
  it('that another program put have no version, or one of their own, and may be replaced', async () => {
    const { store } = openInstallation(api.config, createLogger('silent'))
    await store.put('mlch-pipe-local', 'foreign/a', Buffer.from('x'))
    await store.put('mlch-pipe-local', 'foreign/b', Buffer.from('x'), { metadata: { version: 'two', note: 'a\nb' } })
    const { json } = await get('pipeline?prefix=foreign/')
    expect(json.items.map(({ version }: { version: unknown }) => version)).toEqual([null, null])
    expect((await get('pipeline/foreign/b')).headers.get('x-object-meta-note')).toBe('a b')
    expect((await put('pipeline/foreign/b', 'y')).json.version).toBe(1)
  })
  it('are written by their users only where Lautta does not write', async () => {
    expect((await put('submitter/x', 'x')).json).toMatchObject({ status: 403, hint: 'write to pipeline or experiment' })
    expect((await api.ask('/v1/objects/submitter/x', { method: 'DELETE' })).status).toBe(403)
    expect((await put('forwarder/x', 'x')).status).toBe(400)
  })
  it('are removed, and that again', async () => {
    await put('pipeline/gone', 'x')
    for (const path of ['gone', 'gone', 'never-was']) {
      expect((await api.ask(`/v1/objects/pipeline/${path}`, { method: 'DELETE' })).status).toBe(204)
    }
    expect((await get('pipeline/gone')).json).toMatchObject({ status: 404, detail: 'there is no object gone' })
  })
})

describe('the metadata of an object', () => {
  it('is UTF-8 both ways', async () => {
    const client = await openRawClient(api.url, 'PUT /v1/objects/pipeline/meta', {
      'x-object-meta-town': Buffer.from('Jyväskylä 🛶').toString('latin1'),
      'x-object-meta-old': 'Jyv\xe4skyl\xe4',
      ...{ 'content-length': '1', connection: 'close' }
    })
    client.send('x')
    await client.closed
    const { headers } = await get('pipeline/meta')
    const town = Buffer.from(headers.get('x-object-meta-town') ?? '', 'latin1').toString()
    const old = Buffer.from(headers.get('x-object-meta-old') ?? '', 'latin1').toString()
    expect([town, old]).toEqual(['Jyväskylä 🛶', 'Jyväskylä'])
  })
  it('is refused when it is more than every store takes', async () => {
    expect((await put('pipeline/much', 'x', { 'x-object-meta-a': 'x'.repeat(2047) })).status).toBe(201)
    const { json } = await put('pipeline/much', 'x', { 'x-object-meta-a': 'x'.repeat(2048) })
    expect(json).toMatchObject({ status: 400, detail: expect.stringMatching(/2049 bytes/) })
  })
  it('has a version that Lautta counts, whatever the client says', async () => {
    for (const version of ['7', 'x', '9']) await put('pipeline/counted', version, { 'x-object-meta-version': version })
    expect((await get('pipeline/counted')).headers.get('x-object-meta-version')).toBe('3')
  })
})

describe('a range of an object', () => {
  const range = async (header: string, more: Record<string, string> = {}) => {
    const { status, text, headers } = await get('experiment/r', { range: header, ...more })
    return [status, status === 416 ? '' : text, headers.get('content-range'), headers.get('content-length')]
  }
  beforeAll(async () => {
    await put('experiment/r', '0123456789')
  })

  it('is given from both ends, and cut where the object ends', async () => {
    expect(await range('bytes=2-4')).toEqual([206, '234', 'bytes 2-4/10', '3'])
    expect(await range('bytes=-3')).toEqual([206, '789', 'bytes 7-9/10', '3'])
    expect(await range('bytes=-30')).toEqual([206, '0123456789', 'bytes 0-9/10', '10'])
    expect(await range('bytes=8-')).toEqual([206, '89', 'bytes 8-9/10', '2'])
    expect(await range('bytes=8-99999999999999999999')).toEqual([206, '89', 'bytes 8-9/10', '2'])
  })
  it('is refused behind the end, with the size', async () => {
    for (const header of ['bytes=10-', 'bytes=-0']) expect((await range(header)).slice(0, 3)).toEqual([416, '', 'bytes */10'])
    expect((await get('experiment/r', { range: 'bytes=10-' })).json).toMatchObject({ status: 416, detail: 'r has 10 bytes' })
    await put('experiment/nothing', '')
    expect((await get('experiment/nothing', { range: 'bytes=0-' })).status).toBe(416)
  })
  it('is the whole where it is none, or several', async () => {
    for (const header of ['lines=1-2', 'bytes=4-2', 'bytes=0-1,4-5', 'bytes=-'])
      expect(await range(header)).toEqual([200, '0123456789', null, '10'])
  })
  it('is the whole when the object is another by now', async () => {
    const { headers } = await api.ask('/v1/objects/experiment/r', { method: 'HEAD' })
    for (const name of ['etag', 'last-modified'])
      expect((await range('bytes=2-4', { 'if-range': headers.get(name)! }))[0]).toBe(206)
    for (const other of ['"of another"', new Date(0).toUTCString()])
      expect(await range('bytes=2-4', { 'if-range': other })).toEqual([200, '0123456789', null, '10'])
  })
})

describe('an object on a condition', () => {
  it('is not sent again to who has it', async () => {
    const { hash } = (await put('experiment/known', 'x')).json
    for (const method of ['GET', 'HEAD']) {
      const ask = async (headers: Record<string, string>) => {
        const { status, headers: answered } = await api.ask('/v1/objects/experiment/known', { method, headers })
        return [status, answered.get('etag')]
      }
      expect(await ask({ 'if-none-match': `"other", W/"${hash}"` })).toEqual([304, `"${hash}"`])
      expect(await ask({ 'if-none-match': '"other"' })).toEqual([200, `"${hash}"`])
      expect(await ask({ 'if-modified-since': new Date().toUTCString() })).toEqual([304, `"${hash}"`])
      expect(await ask({ 'if-match': `"${hash}"` })).toEqual([200, `"${hash}"`])
      expect(await ask({ 'if-match': '"other"' })).toEqual([412, null])
    }
    const failed = await get('experiment/known', { 'if-match': '"other"' })
    expect(failed.json).toMatchObject({ status: 412, errors: [{ path: 'if-match' }], detail: expect.stringContaining(hash) })
  })
  it('is replaced and removed only as the one that the client knows', async () => {
    const first = (await put('experiment/held', 'first')).json.hash
    const second = await put('experiment/held', 'second', { 'if-match': `"${first}"` })
    expect([second.status, second.json.version]).toEqual([201, 2])
    expect((await put('experiment/held', 'third', { 'if-match': `"${first}"` })).status).toBe(412)
    const remove = (etag: string) => api.ask('/v1/objects/experiment/held', { method: 'DELETE', headers: { 'if-match': etag } })
    expect((await remove(`"${first}"`)).status).toBe(412)
    expect((await get('experiment/held')).text).toBe('second')
    // As a listing has it, without quotes.
    expect((await remove(second.json.hash)).status).toBe(204)
    expect((await remove('*')).json).toMatchObject({ status: 412, detail: 'there is no object held' })
  })
  it('is made only where nothing is', async () => {
    expect((await put('experiment/new', 'first', { 'if-none-match': '*' })).status).toBe(201)
    const again = await put('experiment/new', 'second', { 'if-none-match': '*' })
    expect(again.json).toMatchObject({ status: 412, errors: [{ path: 'if-none-match' }] })
    expect((await get('experiment/new')).text).toBe('first')
  })
})

describe('the buckets of a user', () => {
  it('are three, with how much is in them', async () => {
    await api.ask('/v1/objects/pipeline/DATA/a', { method: 'PUT', body: 'abc', as: 'other' })
    await api.ask('/v1/objects/pipeline/DATA/b', { method: 'PUT', body: 'defg', as: 'other' })
    expect((await api.ask('/v1/objects', { as: 'other' })).json).toEqual({
      items: [
        { target: 'pipeline', bucket: 'mlch-pipe-other-example-com', amount: 2, size: 7 },
        { target: 'experiment', bucket: 'mlch-exp-other-example-com', amount: 0, size: 0 },
        { target: 'submitter', bucket: 'mlch-sub-air-other-example-com', amount: 0, size: 0 }
      ],
      next: null
    })
  })
  it('are listed by name, with versions, in parts', async () => {
    for (const name of ['c', 'a', 'b', 'a']) await put(`experiment/listed/${name}`, name)
    const names: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { json } = await get(`experiment?prefix=listed/&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      expect(json.items.length).toBeLessThanOrEqual(2)
      for (const { path, version } of json.items) names.push(`${path} ${version}`)
      cursor = json.next
    }
    expect(names).toEqual(['listed/a 2', 'listed/b 1', 'listed/c 1'])
    const { json } = await get('experiment?prefix=/listed/a')
    expect(Object.keys(json.items[0]).sort()).toEqual(['date', 'hash', 'path', 'used-bytes', 'version'])
  })
})

describe('the name of an object', () => {
  it.each([
    ['DATA//2', 'empty segment'],
    ['DATA/', 'empty segment'],
    ['', 'is empty'],
    ['a/../b', 'segment ".."'],
    ['a/./b', 'segment "."'],
    ['a/%2e%2e/%2E%2E/b', 'segment ".."'],
    ['..%2f..%2fmaster-key', 'segment ".."'],
    ['a%2f%2fb', 'empty segment'],
    ['%00', 'control character'],
    ['a%0d%0ab', 'control character'],
    [`${'ä'.repeat(513)}`, 'longer than 1,024 bytes']
  ])('is refused with what is wrong: %j', async (path, words) => {
    // As it stands: fetch would tidy it up before.
    for (const method of ['PUT', 'GET', 'DELETE']) {
      const sent = `/v1/objects/pipeline/${path.replaceAll('ä', '%C3%A4')}`
      const client = await openRawClient(api.url, `${method} ${sent}`, { 'content-length': '0', connection: 'close' })
      await client.closed
      expect(client.received()).toMatch(/^HTTP\/1\.1 400 /)
      expect(client.received()).toContain(words.replaceAll('"', '\\"'))
    }
  })
  it('is told as it is: escaped once, with slashes either way, and without the first one', async () => {
    await put('pipeline/a%252Fb', 'escaped')
    await put('pipeline/c%2Fd', 'slash')
    await put('pipeline//e/f', 'as seed 000 writes it')
    await put("pipeline/%3F%23%26%2B;='()*%25", 'signs')
    const { json } = await get('pipeline')
    const paths = json.items.map(({ path }: { path: string }) => path)
    expect(paths).toEqual(expect.arrayContaining(['a%2Fb', 'c/d', 'e/f', "?#&+;='()*%"]))
    expect((await get("pipeline/%3F%23%26%2B;='()*%25")).text).toBe('signs')
  })
  it('leads into no bucket but one’s own', async () => {
    await api.ask('/v1/objects/pipeline/DATA/theirs', { method: 'PUT', body: 'theirs', as: 'other' })
    for (const prefix of ['../mlch-pipe-other-example-com/', '../../', '/../']) {
      const { status, text } = await get(`pipeline?limit=1&prefix=${encodeURIComponent(prefix)}`)
      expect([status, text.includes('theirs')]).toEqual([400, false])
    }
    for (const method of ['GET', 'HEAD']) {
      expect((await api.ask('/v1/objects/pipeline/DATA/theirs', { method })).status).toBe(404)
    }
    await api.ask('/v1/objects/pipeline/DATA/theirs', { method: 'DELETE' })
    expect((await api.ask('/v1/objects/pipeline/DATA/theirs', { as: 'other' })).text).toBe('theirs')
  })
})
