import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
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
    .replace('{path}', 'DATA/mine')

describe('every route', () => {
  it('is in the OpenAPI document', () => {
    const listed = routes.map(({ method, path }) => `${method} ${path}`)
    for (const route of [
      'POST /v1/orchestrations',
      'GET /v1/orchestrations/{id}',
      'PUT /v1/objects/{target}/{path}',
      'POST /v1/objects/{target}/{path}/sign',
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
    const { get } = document.paths['/v1/orchestrations/{id}/jobs/{platform}/{index}/log']
    expect(Object.keys(get.responses[200].content)).toEqual(['text/plain', 'text/event-stream'])
    expect((await api.ask('/docs/')).text).toMatch(/swagger/i)
  })
  it('is documented with what its objects take and answer', async () => {
    const { json: document } = await api.ask('/docs/json')
    const { get, put, head } = document.paths['/v1/objects/{target}/{path}']
    expect(head.responses).toHaveProperty('200')
    const parameters = ({ parameters: all }: { parameters: { name: string }[] }) => all.map(({ name }) => name)
    expect(parameters(put)).toEqual(
      expect.arrayContaining(['target', 'path', 'content-md5', 'x-checksum-sha256', 'if-none-match'])
    )
    expect(parameters(get)).toEqual(expect.arrayContaining(['range', 'if-none-match', 'if-range', 'expires']))
    expect(put.requestBody.content).toHaveProperty('application/octet-stream')
    expect(put.security).toEqual([{ key: [] }, { signature: [] }])
    expect(Object.keys(get.responses)).toEqual(['200', '206', '304', '404', '412', '416', 'default'])
    expect(get.responses[206].headers).toHaveProperty('content-range')
    expect(put.responses[412].content).toHaveProperty(['application/problem+json'])
  })
  it('tells that it lives and is ready, and what is missing when it is not', async () => {
    expect((await api.ask('/health/live')).json).toEqual({ live: true })
    expect((await api.ask('/health/ready')).json).toEqual({ ready: true, missing: [] })
    const store = join(api.folder, 'store')
    await rename(store, `${store}-away`)
    await writeFile(store, '')
    const unready = await until(async () => {
      const answer = await api.ask('/health/ready')
      return answer.status === 503 ? answer : null
    })
    const missing = ['object store: unavailable']
    expect([unready.status, unready.json]).toEqual([503, { ready: false, missing }])
    await rm(store)
    await rename(`${store}-away`, store)
  })
  it('reads no body of what is not there, and no YAML that would hold up others', async () => {
    const broken = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }
    expect((await api.ask('/nothing', { ...broken, as: 'nobody' })).json).toMatchObject({ status: 404 })
    const yaml = { method: 'POST', headers: { 'content-type': 'application/yaml' }, body: `name: ${'x'.repeat(600 * 1024)}` }
    expect((await api.ask('/v1/orchestrations', yaml)).status).toBe(413)
  })
  it('answers what is not there as a problem', async () => {
    expect((await api.ask('/v1/nothing')).json).toMatchObject({ status: 404, detail: 'there is no GET /v1/nothing' })
    expect((await api.ask('/v1/objects/pipeline/%')).json).toMatchObject({ status: 400, title: 'Bad Request' })
    expect((await api.ask(`/v1/orchestrations/${id}/jobs/constructor/0`)).status).toBe(404)
  })
})
