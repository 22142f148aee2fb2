import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { until } from '../../../test/support/until.ts'
import { openTestApi, type TestApi } from './open-api.ts'
import { openRawClient } from './raw-client.ts'

let api: TestApi
const object = '/v1/objects/pipeline/DATA/it%27s%20%C3%A4%3F'
beforeAll(async () => {
  api = await openTestApi()
  await api.ask(object, { method: 'PUT', body: 'mine' })
})
afterAll(() => api?.close())

const sign = (method: string, seconds: unknown, path = object) => api.ask(`${path}/sign`, asJson({ method, seconds }))
const signed = async (method: string, seconds = 60, path = object): Promise<URL> =>
  new URL((await sign(method, seconds, path)).json.url)
/** The same URL with another query or path. */
const changed = (url: URL, change: (url: URL) => void): URL => {
  const other = new URL(url)
  change(other)
  return other
}
const statusOf = async (url: URL, method = 'GET', body?: string) =>
  (await fetch(url, { method, ...(body === undefined ? {} : { body }) })).status

describe('a signed URL', () => {
  it('opens its object for anybody, for as long as it says', async () => {
    const { status, json } = await sign('GET', 3600)
    const leftMs = Date.parse(json['expires-at']) - Date.now()
    expect([status, leftMs > 3_590_000, leftMs <= 3_600_000]).toEqual([200, true, true])
    expect(json.url.startsWith(`${api.url}/v1/objects/pipeline/DATA/`)).toBe(true)
    expect(await (await fetch(json.url)).text()).toBe('mine')
    const head = await fetch(json.url, { method: 'HEAD', headers: { 'if-none-match': '"other"' } })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '4'])
    expect(await (await fetch(json.url, { headers: { range: 'bytes=-2' } })).text()).toBe('ne')
  })
  it('takes an object into the bucket of who signed it', async () => {
    const url = await signed('PUT', 60, '/v1/objects/experiment/given')
    const put = await fetch(url, { method: 'PUT', body: 'given', headers: { 'x-object-meta-from': 'a job' } })
    expect([put.status, await put.json()]).toMatchObject([201, { path: 'given', version: 1 }])
    const { text, headers } = await api.ask('/v1/objects/experiment/given')
    expect([text, headers.get('x-object-meta-from')]).toEqual(['given', 'a job'])
  })
  it('opens nothing else', async () => {
    const url = await signed('GET')
    const others = [
      changed(url, (one) => one.searchParams.set('expires', String(Number(one.searchParams.get('expires')) + 1))),
      changed(url, (one) => one.searchParams.set('user', 'Other@Example.com')),
      changed(url, (one) => one.searchParams.set('user', 'nobody')),
      changed(url, (one) => one.searchParams.set('signature', 'x')),
      changed(url, (one) => one.searchParams.delete('expires')),
      changed(url, (one) => (one.pathname = '/v1/objects/pipeline/DATA/other')),
      changed(url, (one) => (one.pathname = one.pathname.replace('pipeline', 'experiment'))),
      changed(url, (one) => (one.pathname = '/v1/objects/pipeline/'))
    ]
    for (const other of others) expect([other.href, await statusOf(other)]).toEqual([other.href, 403])
    expect(await statusOf(url, 'PUT', 'x')).toBe(403)
    expect(await statusOf(await signed('PUT'))).toBe(403)
    expect((await api.ask(object)).text).toBe('mine')
  })
  it('stands for a key at its object only', async () => {
    const { search } = await signed('GET')
    for (const path of ['/v1/objects', '/v1/objects/pipeline', '/v1/me', '/v1/orchestrations'])
      expect([path, await statusOf(new URL(path + search, api.url))]).toEqual([path, 401])
    expect(await statusOf(new URL(object + search, api.url), 'DELETE')).toBe(401)
    expect(await statusOf(new URL(`${object}/sign${search}`, api.url), 'POST')).toBe(401)
  })
  it('ends, and says when it did', async () => {
    const url = await signed('GET', 1)
    await until(async () => (await statusOf(url)) === 403)
    expect(await (await fetch(url)).json()).toMatchObject({
      detail: expect.stringMatching(/^this URL ended at 20/),
      hint: expect.stringMatching(/\/sign$/)
    })
  })
  it('of another installation opens nothing', async () => {
    const other = await openTestApi()
    const { pathname, search } = await signed('GET')
    expect(await statusOf(new URL(pathname + search, other.url))).toBe(403)
    await other.close()
  })
  it('has the address by which its asker came', async () => {
    const ask = async (headers: Record<string, string>): Promise<string> => {
      const body = '{"method":"GET","seconds":60}'
      const all = { 'content-type': 'application/json', 'content-length': String(body.length), connection: 'close', ...headers }
      const client = await openRawClient(api.url, `POST ${object}/sign`, all)
      client.send(body)
      await client.closed
      return client.received()
    }
    expect(await ask({ host: 'lautta.example.com', 'x-forwarded-proto': 'https' })).toContain(
      '"url":"https://lautta.example.com/v1/objects/'
    )
    for (const host of ['evil.example.com/x', 'user@evil', 'a b', '']) expect(await ask({ host })).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('who asks for a signed URL', () => {
  it('hears what is wrong', async () => {
    for (const [method, seconds] of [
      ['DELETE', 60],
      ['GET', 0],
      ['GET', 604_801],
      ['GET', '60'],
      ['GET', 1.5]
    ])
      expect([method, seconds, (await sign(String(method), seconds)).status]).toEqual([method, seconds, 400])
    expect((await sign('PUT', 60, '/v1/objects/submitter/x')).status).toBe(403)
    expect((await sign('GET', 60, '/v1/objects/submitter/x')).status).toBe(200)
    expect((await sign('GET', 60, '/v1/objects/pipeline/a//b')).status).toBe(400)
    const posted = await api.ask(object, asJson({ method: 'GET', seconds: 60 }))
    expect(posted.json).toMatchObject({ status: 404, hint: expect.stringMatching(/PUT/) })
  })
  it('gets one for an object of their own, never of somebody else', async () => {
    const { json } = await api.ask(`${object}/sign`, { ...asJson({ method: 'GET', seconds: 60 }), as: 'other' })
    expect((await fetch(json.url)).status).toBe(404)
  })
})
