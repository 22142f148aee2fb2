import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestApi, type TestApi } from './open-api.ts'

let api: TestApi
let id: string
let routes: { method: string; path: string }[]
beforeAll(async () => {
  api = await openTestApi()
  const body = JSON.stringify({ name: 'mine', platforms: { local: { jobs: [{ script: '#!/bin/sh\n' }] } } })
  id = (await api.ask('/v1/orchestrations', { method: 'POST', body, headers: { 'content-type': 'application/json' } })).json.id
  await api.ask('/v1/objects/pipeline/DATA/mine', { method: 'PUT', body: 'mine' })
  const { json: document } = await api.ask('/docs/json')
  routes = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path }))
  )
})
afterAll(() => api?.close())

/** The path of the OpenAPI document with a value for each parameter: of the order and the object that are `mine`. */
const fill = (path: string) =>
  path
    .replace('{id}', id)
    .replace('{platform}', 'local')
    .replace('{index}', '0')
    .replace('{target}', 'pipeline')
    .replace('{table}', 'sacct')
    .replace(/\{\*\}|\*/, 'DATA/mine')

describe('every route', () => {
  it('is in the OpenAPI document', () => {
    const listed = routes.map(({ method, path }) => `${method} ${path}`)
    for (const route of [
      'POST /v1/orchestrations',
      'GET /v1/orchestrations/{id}',
      'PUT /v1/objects/{target}/{*}',
      'GET /v1/tables/{table}',
      'GET /health/ready'
    ])
      expect(listed).toContain(route)
  })
  it('under /v1 needs a key', async () => {
    for (const { method, path } of routes.filter((route) => route.path.startsWith('/v1'))) {
      const none = await fetch(api.url + fill(path), { method })
      expect([method, path, none.status]).toEqual([method, path, 401])
      const wrong = await api.ask(fill(path), { method, as: 'nobody' })
      expect([method, path, wrong.status]).toEqual([method, path, 401])
      if (method !== 'HEAD') expect(wrong.json).toMatchObject({ status: 401, title: 'Unauthorized' })
    }
  })
  it('with an id in it answers 404 for what is somebody else’s, as for what never was', async () => {
    for (const { method, path } of routes.filter((route) => route.path.includes('{id}'))) {
      const theirs = await api.ask(fill(path), { method, as: 'other' })
      const unknown = await api.ask(fill(path.replace('{id}', '01m0000000000000000000000x')), { method, as: 'other' })
      expect([method, path, theirs.status, unknown.status]).toEqual([method, path, 404, 404])
      expect(theirs.text.replaceAll(id, '')).toBe(unknown.text.replaceAll('01m0000000000000000000000x', ''))
    }
  })
  it('that lists shows nothing of somebody else', async () => {
    expect((await api.ask('/v1/orchestrations', { as: 'other' })).json).toEqual({ items: [], next: null })
    expect((await api.ask('/v1/objects/pipeline', { as: 'other' })).json).toEqual({ items: [], next: null })
    expect((await api.ask('/v1/objects/pipeline/DATA/mine', { as: 'other' })).status).toBe(404)
    expect((await api.ask('/v1/tables/sacct', { as: 'other' })).json.items).toEqual([])
    expect((await api.ask('/v1/me', { as: 'other' })).json).toMatchObject({
      name: 'Other@Example.com',
      slug: 'other-example-com',
      admin: false,
      buckets: { pipeline: 'mlch-pipe-other-example-com' }
    })
  })
})

describe('a client that names a type for no body', () => {
  it('is understood', async () => {
    const headers = { 'content-type': 'application/json' }
    const { status, json } = await api.ask(`/v1/orchestrations/${id}/start`, { method: 'POST', headers })
    expect([status, json.state]).toEqual([202, 'active'])
    expect((await api.ask('/v1/orchestrations', { method: 'POST', headers })).status).toBe(400)
  })
})

describe('platform local', () => {
  it('is for administrators, since its jobs run on the machine of Lautta itself', async () => {
    const body = JSON.stringify({
      name: 'x',
      platforms: { local: { jobs: [{ script: '#!/bin/sh\n' }] }, lumi: { jobs: [{ script: '#!/bin/sh\n' }] } }
    })
    const post = { method: 'POST', body, headers: { 'content-type': 'application/json' } }
    expect((await api.ask('/v1/orchestrations', { ...post, as: 'other' })).json).toMatchObject({
      status: 403,
      errors: [{ path: 'platforms.local', message: expect.stringMatching(/administrators/) }]
    })
    expect((await api.ask('/v1/orchestrations', { as: 'other' })).json.items).toEqual([])
    const offered = async (as: 'local' | 'other') =>
      (await api.ask('/v1/platforms', { as })).json.items.map(({ name }: { name: string }) => name)
    expect([await offered('local'), await offered('other')]).toEqual([
      expect.arrayContaining(['local', 'lumi']),
      expect.not.arrayContaining(['local'])
    ])
  })
})

describe('the API', () => {
  it('is documented in OpenAPI 3.1, with a page to try it', async () => {
    const { json: document } = await api.ask('/docs/json')
    expect(document.openapi).toBe('3.1.0')
    expect(document.paths['/v1/orchestrations'].post.requestBody.content).toHaveProperty('application/yaml')
    expect(document.paths['/v1/objects/{target}/{*}'].put.requestBody.content).toHaveProperty('application/octet-stream')
    expect((await api.ask('/docs/')).text).toMatch(/swagger/i)
  })
  it('tells that it lives and is ready, and what is missing when it is not', async () => {
    expect((await api.ask('/health/live')).json).toEqual({ live: true })
    expect((await api.ask('/health/ready')).json).toEqual({ ready: true, missing: [] })
  })
  it('answers what is not there as a problem', async () => {
    expect((await api.ask('/v1/nothing')).json).toMatchObject({ status: 404, detail: 'there is no GET /v1/nothing' })
    expect((await api.ask('/v1/objects/pipeline/%')).json).toMatchObject({ status: 400, title: 'Bad Request' })
    expect((await api.ask(`/v1/orchestrations/${id}/jobs/constructor/0`)).status).toBe(404)
  })
})

describe('objects', () => {
  it('are stored and given back as they were, with their headers', async () => {
    const body = Buffer.from([0, 1, 2, 255])
    const put = await api.ask('/v1/objects/pipeline/DATA/b%20%C3%A4', {
      method: 'PUT',
      body,
      headers: { 'content-type': 'image/x', 'x-object-meta-list': 'a,b' }
    })
    expect([put.status, put.json]).toMatchObject([201, { path: 'DATA/b ä', 'used-bytes': 4 }])
    const get = await fetch(`${api.url}/v1/objects/pipeline/DATA/b%20%C3%A4`, {
      headers: { authorization: 'Bearer key-of-the-local-user' }
    })
    expect(Buffer.from(await get.arrayBuffer()).equals(body)).toBe(true)
    expect(
      ['content-type', 'content-length', 'x-object-meta-list', 'x-object-meta-version', 'etag', 'x-content-type-options'].map(
        (name) => get.headers.get(name)
      )
    ).toEqual([...['image/x', '4', 'a,b', '1', `"${put.json.hash}"`, 'nosniff']])
  })
  it('are given in ranges, and not again when they are known', async () => {
    await api.ask('/v1/objects/experiment/r', { method: 'PUT', body: '0123456789' })
    const range = async (header: string) => {
      const { status, text, headers } = await api.ask('/v1/objects/experiment/r', { headers: { range: header } })
      return [status, text, headers.get('content-range')]
    }
    expect(await range('bytes=2-4')).toEqual([206, '234', 'bytes 2-4/10'])
    expect(await range('bytes=-3')).toEqual([206, '789', 'bytes 7-9/10'])
    expect(await range('bytes=8-')).toEqual([206, '89', 'bytes 8-9/10'])
    expect(await range('bytes=10-')).toEqual([416, '', 'bytes */10'])
    expect(await range('lines=1-2')).toEqual([200, '0123456789', null])
    const resumed = await api.ask('/v1/objects/experiment/r', { headers: { range: 'bytes=2-4', 'if-range': '"of another"' } })
    expect([resumed.status, resumed.text]).toEqual([200, '0123456789'])
    const { headers } = await api.ask('/v1/objects/experiment/r', { method: 'HEAD' })
    expect(headers.get('content-length')).toBe('10')
    expect((await api.ask('/v1/objects/experiment/r', { headers: { 'if-none-match': headers.get('etag') ?? '' } })).status).toBe(
      304
    )
  })
  it('are refused when their MD5 is another, when they must be new and are not, and where only Lautta writes', async () => {
    const put = (target: string, headers: Record<string, string>) =>
      api.ask(`/v1/objects/${target}/DATA/mine`, { method: 'PUT', body: 'x', headers })
    expect((await put('pipeline', { 'content-md5': 'AAAA' })).json).toMatchObject({
      status: 400,
      detail: expect.stringMatching(/MD5/)
    })
    expect((await put('pipeline', { 'if-none-match': '*' })).status).toBe(412)
    expect((await put('submitter', {})).json).toMatchObject({ status: 403, hint: 'write to pipeline or experiment' })
    expect((await put('forwarder', {})).status).toBe(400)
    expect((await api.ask('/v1/objects/pipeline/DATA/mine')).text).toBe('mine')
  })
  it('are not reached by tricks with their names', async () => {
    for (const prefix of ['../mlch-pipe-other-example-com/', '../../', '/../']) {
      const { status, text } = await api.ask(`/v1/objects/pipeline?limit=1&prefix=${encodeURIComponent(prefix)}`)
      expect([status, text.includes('mlch-pipe-other-example-com/DATA')]).toEqual([400, false])
    }
    for (const path of ['..%2f..%2fmaster-key', 'a/%2e%2e/%2e%2e/b', 'a%2f%2fb', '%00']) {
      expect((await api.ask(`/v1/objects/pipeline/${path}`)).status).toBe(400)
    }
  })
  it('are listed with their versions', async () => {
    for (const body of ['a', 'bc']) await api.ask('/v1/objects/experiment/listed/x', { method: 'PUT', body })
    const { json } = await api.ask('/v1/objects/experiment?prefix=listed/')
    expect(json.items).toMatchObject([{ path: 'listed/x', 'used-bytes': 2, version: 2 }])
    expect(Object.keys(json.items[0]).sort()).toEqual(['date', 'hash', 'path', 'used-bytes', 'version'])
  })
  it('are removed', async () => {
    await api.ask('/v1/objects/pipeline/gone', { method: 'PUT', body: 'x' })
    expect((await api.ask('/v1/objects/pipeline/gone', { method: 'DELETE' })).status).toBe(204)
    expect((await api.ask('/v1/objects/pipeline/gone')).status).toBe(404)
  })
})
