import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { logPath } from '@lautta/core/object-names'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { openTestApi, type TestApi } from './open-api.ts'
import { ended, openSubmitterWrites, running, type SubmitterWrites } from './submitter-writes.ts'

let api: TestApi
let submitter: SubmitterWrites
beforeAll(async () => {
  api = await openTestApi()
  submitter = await openSubmitterWrites(api)
})
afterAll(async () => {
  submitter?.close()
  await api?.close()
})

type User = 'local' | 'other'
const job = { file: 'main.py', directory: 'CODE/RAY/pi', parameters: { seed: 7 } }
const run = (cluster: string, body: object, { key, as = 'local' }: { key?: string; as?: User } = {}) => {
  const headers = { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) }
  return api.ask(`/v1/ray/clusters/${cluster}/jobs`, { ...asJson(body), headers, as })
}
const look = (cluster: string, id: string, query = '', as: User = 'local') =>
  api.ask(`/v1/ray/clusters/${cluster}/jobs/${id}${query}`, { as })
const idsOn = async (cluster: string, query = '', as: User = 'local'): Promise<string[]> => {
  const { json } = await api.ask(`/v1/ray/clusters/${cluster}/jobs${query}`, { as })
  return json.items.map(({ id }: { id: string }) => id)
}
const requestOf = async (id: string) => JSON.parse(await readFile(api.fileOf('sub-air', `MANAGEMENT/${id}.json`), 'utf8')).request
const newCluster = async (as: User = 'local') => (await api.ask('/v1/ray/clusters', { ...asJson({ platform: 'lumi' }), as })).json

describe('a Ray job', () => {
  it('is carried by an order of its own, which is started', async () => {
    const { status, json } = await run('compose', job)
    expect(status).toBe(202)
    expect(json).toMatchObject({
      cluster: 'compose',
      index: 0,
      status: 'PENDING',
      outcome: null,
      attempt: 1,
      'submission-id': null
    })
    expect((await api.ask(`/v1/orchestrations/${json.orchestration}`)).json).toMatchObject({ name: json.id, state: 'active' })
    const { platforms } = await requestOf(json.orchestration)
    expect(platforms.compose.jobs).toMatchObject([{ ray: { ...job, 'submission-id': json.id } }])
    expect((await look('compose', json.id)).json).toEqual(json)
  })
  it('with a submission id is found when it comes again, and refused with another body', async () => {
    const first = await run('compose', { ...job, 'submission-id': 'nightly-1' })
    expect(first.json.id).toBe('nightly-1')
    expect((await run('compose', { ...job, 'submission-id': 'nightly-1' })).json).toEqual(first.json)
    const { status, json } = await run('compose', { ...job, parameters: {}, 'submission-id': 'nightly-1' })
    expect([status, json.detail]).toEqual([422, 'this submission-id was used with another body'])
    expect((await run('kuberay', { ...job, 'submission-id': 'nightly-1' })).json.orchestration).not.toBe(first.json.orchestration)
  })
  it('gets its submission id from an Idempotency-Key where it has none', async () => {
    const first = await run('compose', job, { key: 'once' })
    expect((await run('compose', job, { key: 'once' })).json).toEqual(first.json)
    expect((await run('compose', { file: 'other.py' }, { key: 'once' })).status).toBe(422)
  })
  it('is refused with the field that is wrong', async () => {
    const pathsOf = async (body: object) =>
      (await run('compose', body)).json.errors.map(({ path }: { path: string }) => path).sort()
    expect(await pathsOf({ ...job, cluster: 'job:0' })).toEqual(['cluster'])
    expect(await pathsOf({ ...job, directory: 'CODE/../x', 'submission-id': 'a/b' })).toEqual(['directory', 'submission-id'])
    expect(await pathsOf({ entrypoint: 'true', file: 'main.py' })).toEqual([''])
    expect((await run('lumi', job)).status).toBe(404)
  })
  it('is stopped in whatever state it is', async () => {
    const { id, orchestration } = (await run('compose', job)).json
    const stop = () => api.ask(`/v1/ray/clusters/compose/jobs/${id}/stop`, { method: 'POST' })
    expect((await stop()).status).toBe(202)
    expect((await api.ask(`/v1/orchestrations/${orchestration}/jobs/compose/0`)).json.status.cancel).toBe(true)
    await submitter.write(orchestration, 'compose', [ended('cancelled')])
    expect((await stop()).json).toMatchObject({ status: 'STOPPED', outcome: 'cancelled' })
  })
  it('shows what it printed', async () => {
    const { id, orchestration } = (await run('compose', job)).json
    const log = () => api.ask(`/v1/ray/clusters/compose/jobs/${id}/log?offset=6`)
    expect((await log()).text).toBe('')
    await submitter.write(orchestration, 'compose', [ended('completed')])
    const file = api.fileOf('pipe', logPath({ id: orchestration, platform: 'compose', index: 0, attempt: 1 }, 'out'))
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, 'hello world\n')
    expect((await log()).text).toBe('world\n')
    const followed = await api.ask(`/v1/ray/clusters/compose/jobs/${id}/log`, { headers: { accept: 'text/event-stream' } })
    expect(followed.text).toMatch(/^id: 12\ndata: "hello world\\n"\n\nid: 12\nevent: end\ndata: {"attempt":1,.*"completed"/)
  })
  it('is nobody else’s', async () => {
    const { id } = (await run('compose', { ...job, 'submission-id': 'secret' })).json
    expect((await look('compose', id, '', 'other')).status).toBe(404)
    expect((await api.ask(`/v1/ray/clusters/compose/jobs/${id}/log`, { as: 'other' })).status).toBe(404)
    expect((await api.ask(`/v1/ray/clusters/compose/jobs/${id}/stop`, { method: 'POST', as: 'other' })).status).toBe(404)
    expect(await idsOn('compose', '', 'other')).toEqual([])
    expect((await run('compose', { ...job, 'submission-id': 'secret' }, { as: 'other' })).status).toBe(202)
    expect(await idsOn('compose', '', 'other')).toEqual(['secret'])
  })
})

describe('waiting for a Ray job', () => {
  it('ends as soon as the Ray job does', async () => {
    const { id, orchestration } = (await run('compose', job)).json
    const waiting = look('compose', id, '?wait=300')
    await submitter.write(orchestration, 'compose', [running])
    await submitter.write(orchestration, 'compose', [ended('failed', 'exit code 3')])
    expect((await waiting).json).toMatchObject({
      status: 'FAILED',
      outcome: 'failed',
      reason: 'exit code 3',
      'submission-id': '7'
    })
  })
  it('ends with its time, and answers what is then', async () => {
    const { id, orchestration } = (await run('compose', job)).json
    await submitter.write(orchestration, 'compose', [running])
    expect((await look('compose', id, '?wait=0.2')).json.status).toBe('RUNNING')
    expect((await look('compose', id, '?wait=301')).status).toBe(400)
  })
})

describe('a Ray job on a cluster in a SLURM job', () => {
  it('names the job of the other order, on the same platform', async () => {
    const cluster = await newCluster()
    const { status, json } = await run(cluster.name, job)
    expect([status, json.cluster, json.platform]).toEqual([202, cluster.name, 'lumi'])
    expect(json.orchestration).not.toBe(cluster.orchestration)
    const { platforms } = await requestOf(json.orchestration)
    expect(platforms.lumi.jobs[0].ray.cluster).toBe(`${cluster.orchestration}/job:0`)
    expect(await idsOn(cluster.name)).toEqual([json.id])
    expect((await look('compose', json.id)).status).toBe(404)
  })
  it('is refused when the cluster has ended; one that was ordered before is found', async () => {
    const { name, orchestration } = await newCluster()
    const before = await run(name, { ...job, 'submission-id': 'before' })
    await submitter.write(orchestration, 'lumi', [ended('completed')])
    const { status, json } = await run(name, job)
    expect([status, json.detail]).toEqual([409, `the Ray cluster ${name} has ended`])
    expect((await run(name, { ...job, 'submission-id': 'before' })).json).toEqual(before.json)
    expect((await look(name, 'before')).status).toBe(200)
  })
  it('is refused on somebody else’s cluster', async () => {
    const { name } = await newCluster('other')
    expect((await run(name, job)).status).toBe(404)
    expect((await run(name, job, { as: 'other' })).status).toBe(202)
  })
})

describe('the Ray jobs on a cluster', () => {
  it('are those of all orders, newest first, in pages; each is found by the id that it has there', async () => {
    const jobs = [{ 'ray-cluster': {} }, { ray: { file: 'a.py', cluster: 'job:0' } }, { ray: { file: 'b.py', cluster: 'job:0' } }]
    const order = (await api.ask('/v1/orchestrations', asJson({ name: 'n', platforms: { lumi: { jobs } } }))).json
    const cluster = `${order.id}.lumi.0`
    const { id } = (await run(cluster, job)).json
    const ids = [id, `${order.id}.2`, `${order.id}.1`]
    expect(await idsOn(cluster)).toEqual(ids)
    const first = (await api.ask(`/v1/ray/clusters/${cluster}/jobs?limit=2`)).json
    expect(await idsOn(cluster, `?limit=2&cursor=${first.next}`)).toEqual(ids.slice(2))
    expect((await look(cluster, `${order.id}.1`)).json).toMatchObject({ name: 'a.py', index: 1, orchestration: order.id })
    expect((await look(cluster, `${order.id}.0`)).status).toBe(404)
    expect((await look('compose', `${order.id}.1`)).status).toBe(404)
  })
})
