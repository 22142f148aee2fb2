import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestApi, type TestApi } from './open-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api?.close())

const seed = readFileSync(new URL('../../../examples/orchestrations/three-supercomputers.json', import.meta.url), 'utf8')
const minimal = JSON.stringify({ name: 'n', platforms: { local: { jobs: [{ script: '#!/bin/sh\ntrue\n' }] } } })
const json = { 'content-type': 'application/json' }
const post = (body: string, { query = '', headers = {} as Record<string, string>, as = 'local' as const } = {}) =>
  api.ask(`/v1/orchestrations${query}`, { method: 'POST', body, headers: { ...json, ...headers }, as })
const orderFiles = async (id: string) => {
  const { json: listed } = await api.ask(`/v1/objects/submitter?prefix=MANAGEMENT/${id}/ORDERS/`)
  return Promise.all(
    listed.items.map(async ({ path }: { path: string }) => JSON.parse(await readFile(api.fileOf('sub-air', path), 'utf8')))
  )
}

describe('POST /v1/orchestrations', () => {
  it("accepts seed 000's dictionary exactly as it stands there, and stores it before it answers", async () => {
    const { status, json: answer } = await post(seed)
    expect(status).toBe(202)
    expect(answer).toMatchObject({ name: 'multi-cloud-hpc-integration', state: 'declared' })
    expect(answer.warnings).toEqual([
      'platforms.puhti.files: hpc/mahti is read as hpc/puhti',
      'platforms.lumi.files: hpc/mahti is read as hpc/lumi',
      'platforms.mahti is retired: computing was closed on 2026-08-31, storage on 2026-10-15',
      'platforms.puhti is retired: computing was closed on 2026-07-31, storage on 2026-10-15'
    ])
    const stored = JSON.parse(await readFile(api.fileOf('sub-air', `MANAGEMENT/${answer.id}.json`), 'utf8'))
    expect(stored).toMatchObject({ schema: 1, id: answer.id, user: 'local', request: { name: 'multi-cloud-hpc-integration' } })
    expect(Object.keys(stored).sort()).toEqual([
      'body-sha256',
      'created-at',
      'hmac',
      'id',
      'key-id',
      'request',
      'schema',
      'user',
      'warnings'
    ])
  })
  it('answers the order with every field of the seed, and takes that answer back', async () => {
    const { json: created } = await post(seed)
    const { json: order } = await api.ask(`/v1/orchestrations/${created.id}`)
    const [job] = order.platforms.mahti.jobs
    expect(order.platforms.mahti).toMatchObject({
      properties: { directory: 'None', languages: [], workspaces: [] },
      configs: JSON.parse(seed).platforms.mahti.configs,
      files: JSON.parse(seed).platforms.mahti.files
    })
    expect(job).toMatchObject({
      ...JSON.parse(seed).platforms.mahti.jobs[0],
      index: 0,
      state: 'declared',
      outcome: null,
      attempt: 1
    })
    const { status, json: again } = await post(JSON.stringify(order))
    expect(status).toBe(202)
    expect(again.id).not.toBe(created.id)
  })
  it('takes YAML', async () => {
    const yaml = 'name: in-yaml\nplatforms:\n  local:\n    jobs:\n      - script: |\n          #!/bin/sh\n          true\n'
    const { status, json: answer } = await post(yaml, { headers: { 'content-type': 'application/yaml' } })
    expect([status, answer.name]).toEqual([202, 'in-yaml'])
  })
  it('starts at once when it is asked to, and at the flags of a job', async () => {
    const { json: started } = await post(minimal, { query: '?start=true' })
    expect(started.state).toBe('active')
    expect(await orderFiles(started.id)).toMatchObject([{ schema: 1, order: 'start', attempt: 1, by: 'local' }])
    const flagged = JSON.stringify({
      name: 'n',
      platforms: { local: { jobs: [{ path: '/a', status: { start: true } }, { path: '/b' }] } }
    })
    const { json: one } = await post(flagged)
    expect(await orderFiles(one.id)).toMatchObject([{ order: 'start', attempt: 1, platform: 'local', index: 0 }])
  })
  it('names every wrong field', async () => {
    const body = JSON.stringify({
      platforms: { atlantis: { jobs: [] }, local: { jobs: [{ path: '/a', script: '#!/bin/sh' }], extra: 1 } }
    })
    const { status, headers, json: problem } = await post(body)
    expect([status, headers.get('content-type')]).toEqual([400, 'application/problem+json'])
    expect(problem.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
      'name',
      'platforms.atlantis',
      'platforms.local.extra',
      'platforms.local.jobs[0]'
    ])
  })
  it('tells where JSON or YAML is broken', async () => {
    const { json: inJson } = await post('{"name": "n",\n  "platforms": }')
    expect(inJson).toMatchObject({ status: 400, errors: [{ message: expect.stringMatching(/^line 2, column 16: /) }] })
    const { json: inYaml } = await post('name: n\nplatforms: [', { headers: { 'content-type': 'text/yaml' } })
    expect(inYaml).toMatchObject({ status: 400, errors: [{ message: expect.stringMatching(/^line \d+, column \d+: /) }] })
    expect((await post('x', { headers: { 'content-type': 'text/plain' } })).status).toBe(415)
    expect((await post('name: &a [*a, *a]', { headers: { 'content-type': 'text/yaml' } })).status).toBe(400)
  })
  it('tells the first mistakes of a body that is all wrong, at once', async () => {
    const { json: problem } = await post('1,2\n'.repeat(100_000))
    expect(problem.errors.length).toBeLessThanOrEqual(10)
  })
  it('refuses a query that it does not know', async () => {
    const { status, json: problem } = await post(minimal, { query: '?strat=true' })
    expect([status, problem.errors]).toEqual([400, [{ path: '?strat', message: 'unknown key' }]])
  })

  describe('with an Idempotency-Key', () => {
    it('gives one orchestration however often the same is sent, also all at once', async () => {
      const headers = { 'idempotency-key': 'once' }
      const answers = await Promise.all(Array.from({ length: 20 }, () => post(minimal, { headers, query: '?start=true' })))
      expect(new Set(answers.map(({ status, json: { id } }) => `${status} ${id}`)).size).toBe(1)
      expect((await orderFiles(answers[0]?.json.id)).length).toBe(1)
    })
    it('means start(1) when start=true is repeated, also when the first post died before it', async () => {
      const headers = { 'idempotency-key': 'died-between' }
      const { json: first } = await post(minimal, { headers })
      await post(minimal, { headers, query: '?start=true' })
      await post(minimal, { headers, query: '?start=true' })
      expect(await orderFiles(first.id)).toMatchObject([{ order: 'start', attempt: 1 }])
    })
    it('refuses another body with 422, and belongs to its user', async () => {
      const headers = { 'idempotency-key': 'mine' }
      const { json: mine } = await post(minimal, { headers })
      expect((await post(minimal.replace('"n"', '"m"'), { headers })).status).toBe(422)
      const { json: theirs } = await api.ask('/v1/orchestrations', {
        method: 'POST',
        body: minimal,
        headers: { ...json, ...headers },
        as: 'other'
      })
      expect(theirs.id).not.toBe(mine.id)
    })
  })
})

describe('an orchestration', () => {
  it('is started and stopped by orders that are never overwritten', async () => {
    const { json: created } = await post(minimal)
    const { status, json: started } = await api.ask(`/v1/orchestrations/${created.id}/start`, { method: 'POST' })
    expect([status, started.state]).toEqual([202, 'active'])
    expect(started.platforms.local.jobs[0].status).toMatchObject({ start: true, cancel: false })
    await api.ask(`/v1/orchestrations/${created.id}/start`, { method: 'POST' })
    const { json: stopped } = await api.ask(`/v1/orchestrations/${created.id}/stop`, { method: 'POST' })
    expect(stopped.platforms.local.jobs[0].status).toMatchObject({ start: true, cancel: true })
    expect((await orderFiles(created.id)).map(({ order, attempt }) => [order, attempt])).toEqual([
      ['start', 1],
      ['stop', 1]
    ])
  })
  it('is listed newest first, in parts, by state, platform and label', async () => {
    const labelled = (name: string) => JSON.stringify({ ...JSON.parse(minimal), name, labels: { of: 'list' } })
    const ids: string[] = []
    for (const name of ['a', 'b', 'c']) ids.unshift((await post(labelled(name))).json.id)
    const list = async (query: string) => (await api.ask(`/v1/orchestrations?label=of:list&${query}`)).json
    expect((await list('')).items.map(({ id }: { id: string }) => id)).toEqual(ids)
    const first = await list('limit=2')
    expect(first.items.length).toBe(2)
    expect((await list(`limit=2&cursor=${first.next}`)).items.map(({ id }: { id: string }) => id)).toEqual([ids[2]])
    expect((await list('state=finished')).items).toEqual([])
    expect((await list('platform=lumi')).items).toEqual([])
  })
  it('has no events, no log and no tables before anybody looked at it', async () => {
    const { json: created } = await post(minimal)
    expect((await api.ask(`/v1/orchestrations/${created.id}/events`)).json).toEqual({ items: [], next: null })
    expect((await api.ask(`/v1/orchestrations/${created.id}/jobs/local/0/log`)).text).toBe('')
    expect((await api.ask(`/v1/tables/sacct?orchestration=${created.id}`)).json).toEqual({ items: [], next: null, warnings: [] })
    expect((await api.ask(`/v1/orchestrations/${created.id}/jobs/local/0`)).json).toMatchObject({ state: 'declared' })
    expect((await api.ask(`/v1/orchestrations/${created.id}/jobs/local/1`)).status).toBe(404)
    expect((await api.ask(`/v1/orchestrations/${created.id}/jobs/lumi/0/log`)).status).toBe(404)
  })
  it('is unknown when its document was not written by Lautta', async () => {
    const { json: created } = await post(minimal)
    const path = api.fileOf('sub-air', `MANAGEMENT/${created.id}.json`)
    const { writeFile } = await import('node:fs/promises')
    await writeFile(path, (await readFile(path, 'utf8')).replace('true', 'evil'))
    expect((await api.ask(`/v1/orchestrations/${created.id}`)).status).toBe(404)
  })
})
