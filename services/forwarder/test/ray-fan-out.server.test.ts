import { readFile } from 'node:fs/promises'
import { UnavailableError } from '@lautta/core/errors'
import { needNotMet } from '@lautta/core/job/take-needs'
import { tellCluster } from '@lautta/core/ray/tell-cluster'
import { consumeAsk } from '@lautta/queue/consume-ask'
import type { Consumer } from '@lautta/queue/queues'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { openTestApi, type TestApi } from './open-api.ts'
import { ended, openSubmitterWrites, queued, running, type SubmitterWrites } from './submitter-writes.ts'

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

let consumer: Consumer | undefined
afterEach(async () => {
  await consumer?.close()
  consumer = undefined
})
/** Clusters of so many cores, in the place of the submitter; null does not answer. */
const answerCores = (cores: Readonly<Record<string, number | null>>) => {
  consumer = consumeAsk(api.redis, 4, async ({ platform }) => {
    const CPU = cores[platform] ?? null
    if (CPU === null) throw new UnavailableError(`${platform} does not answer`)
    const node = { id: 'n', isHead: true, isAlive: true, address: '10.0.0.1', resources: { CPU, memory: CPU } }
    return { answer: tellCluster({ rayVersion: '2.60.0', pythonVersion: null, nodes: [node] }) }
  })
}

const items = Array.from({ length: 6 }, (_none, number) => [`file-${number}`, number, 1])
const work = { weights: { CPU: 1 }, items, job: { file: 'main.py', directory: 'CODE/RAY/pi', parameters: { seed: 7 } } }
type User = 'local' | 'other'
const fanOut = (body: object, { key, query = '', as = 'local' }: { key?: string; query?: string; as?: User } = {}) => {
  const headers = { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) }
  return api.ask(`/v1/ray/fan-out${query}`, { ...asJson({ ...work, ...body }), headers, as })
}
const look = (id: string, query = '', as: User = 'local') => api.ask(`/v1/ray/fan-out/${id}${query}`, { as })
const jobsOn = async (id: string, platform: string) => {
  const { request } = JSON.parse(await readFile(api.fileOf('sub-air', `MANAGEMENT/${id}.json`), 'utf8'))
  return request.platforms[platform]?.jobs
}
/** What a Ray job does at its end: it has nothing but its parameters. */
const leave = async (url: string, result: string) => {
  const { status } = await fetch(url, { method: 'PUT', body: result })
  expect(status).toBe(201)
}

describe('a fan-out', () => {
  it('divides the items by what the clusters have, into one order with a stand-by of each share on the other cluster', async () => {
    answerCores({ compose: 4, kuberay: 2 })
    const { status, json } = await fanOut({ clusters: ['compose', 'kuberay'] })
    expect(status).toBe(202)
    expect(json).toMatchObject({ name: 'fan-out', state: 'active', warnings: [], output: {} })
    expect(json.shares).toMatchObject([
      {
        share: '0',
        cluster: 'compose',
        status: 'PENDING',
        'item-count': 4,
        jobs: [{ index: 0 }, { cluster: 'kuberay', index: 0 }]
      },
      {
        share: '1',
        cluster: 'kuberay',
        status: 'PENDING',
        'item-count': 2,
        jobs: [{ index: 1 }, { cluster: 'compose', index: 1 }]
      }
    ])
    const [first, standBy] = await jobsOn(json.id, 'compose')
    expect(first).toMatchObject({ name: 'share-0', needs: [], ray: { file: 'main.py', 'give-up-seconds': 120 } })
    expect(first.ray.parameters).toMatchObject({ seed: 7, output: { target: 'experiment', path: json.shares[0].path } })
    expect(first.ray.parameters.items.map(([name]: string[]) => name)).toEqual(['file-5', 'file-3', 'file-2', 'file-0'])
    expect(standBy.needs).toMatchObject([{ job: 'kuberay/job:1' }])
    expect((await api.ask(`/v1/orchestrations/${json.id}`)).json.state).toBe('active')
  })
  it('brings what each Ray job left under its URL, and says who did it when the first cluster could not', async () => {
    answerCores({ compose: 1, kuberay: 1 })
    const { id } = (await fanOut({ clusters: ['compose', 'kuberay'] })).json
    const waiting = look(id, '?wait=300')
    const [first] = await jobsOn(id, 'compose')
    const [, second] = await jobsOn(id, 'kuberay')
    await submitter.write(id, 'compose', [ended('failed', 'the cluster is gone'), { kind: 'preparing' }])
    await leave(second.ray.parameters.output.url, '{"file-4": [1, 2]}')
    await submitter.write(id, 'kuberay', [running, ended('completed')])
    const between = (await look(id)).json
    expect(between).toMatchObject({
      state: 'active',
      output: { 1: { url: 'http://kuberay.example.com:8265', data: { 'file-4': [1, 2] } } }
    })
    expect(between.missing).toEqual([{ share: '0', detail: 'it is RUNNING' }])
    expect(between.shares[0]).toMatchObject({
      cluster: 'kuberay',
      status: 'RUNNING',
      jobs: [{ reason: 'the cluster is gone' }, {}]
    })
    await leave(first.ray.parameters.output.url, '{"file-5": 5}')
    await submitter.write(id, 'kuberay', [ended('completed'), ended('completed')])
    await submitter.write(id, 'compose', [ended('failed', 'the cluster is gone'), ended('cancelled', needNotMet)])
    const { json } = await waiting
    expect(json).toMatchObject({ state: 'finished', missing: [] })
    expect(json.output).toEqual({
      0: { url: 'http://kuberay.example.com:8265', data: { 'file-5': 5 } },
      1: { url: 'http://kuberay.example.com:8265', data: { 'file-4': [1, 2] } }
    })
  })
  it('tells of shares that no cluster could do, or whose Ray jobs left nothing to read', async () => {
    answerCores({ compose: 1, kuberay: 1, laptop: 1 })
    const { id } = (await fanOut({ clusters: ['compose', 'kuberay', 'laptop'] })).json
    const [, , third] = await jobsOn(id, 'laptop')
    const [, second] = await jobsOn(id, 'kuberay')
    expect([second.name, third.name]).toEqual(['share-1', 'share-2'])
    await leave(third.ray.parameters.output.url, '{"file-4": ')
    const skipped = ended('cancelled', needNotMet)
    await submitter.write(id, 'compose', [ended('failed', 'exit code 1'), skipped, skipped])
    await submitter.write(id, 'kuberay', [ended('failed', 'exit code 2'), ended('completed'), skipped])
    await submitter.write(id, 'laptop', [ended('failed', 'exit code 3'), skipped, ended('completed')])
    const { json } = await look(id)
    expect([json.state, json.output]).toEqual(['finished', {}])
    expect(json.shares[0]).toMatchObject({ cluster: 'laptop', status: 'FAILED' })
    expect(json.missing).toEqual([
      { share: '0', detail: 'exit code 3' },
      { share: '1', detail: `its Ray job left nothing at ARTIFACTS/FAN-OUT/${id}/1.json` },
      { share: '2', detail: `what its Ray job left at ARTIFACTS/FAN-OUT/${id}/2.json is not JSON` }
    ])
  })
  it('answers results as long as they fit, and tells of the others where they lie', async () => {
    answerCores({ compose: 1, kuberay: 1, laptop: 1 })
    const clusters = ['compose', 'kuberay', 'laptop'] as const
    const { id } = (await fanOut({ clusters })).json
    const numbers = (bytes: number) => `[${'1,'.repeat(bytes / 2)}1]`
    const results = [numbers(5 * 1024 * 1024), numbers(4 * 1024 * 1024), '['.repeat(20_000) + ']'.repeat(20_000)]
    for (const [number, platform] of clusters.entries()) {
      const share = (await jobsOn(id, platform)).find(({ name }: { name: string }) => name === `share-${number}`)
      await leave(share.ray.parameters.output.url, results[number] ?? '')
      await submitter.write(id, platform, [ended('completed'), ended('completed'), ended('completed')])
    }
    const { json } = await look(id)
    expect(Object.keys(json.output)).toEqual(['0'])
    expect(json.output[0].data).toHaveLength(2.5 * 1024 * 1024 + 1)
    expect(json.missing).toEqual([
      { share: '1', detail: `together with those before it ARTIFACTS/FAN-OUT/${id}/1.json is larger than 8388608 bytes` },
      { share: '2', detail: `what its Ray job left at ARTIFACTS/FAN-OUT/${id}/2.json is nested deeper than 200 levels` }
    ])
  })
  it('leaves out a cluster that does not answer, tells so, and keeps it as the last stand-by', async () => {
    answerCores({ compose: 1, kuberay: null, laptop: 1 })
    const { json } = await fanOut({ clusters: ['kuberay', 'laptop', 'compose'] })
    expect(json.warnings).toEqual(['kuberay does not answer and has no share: kuberay does not answer'])
    const clustersOf = ({ jobs }: { jobs: { cluster: string }[] }) => jobs.map(({ cluster }) => cluster)
    expect(json.shares.map(({ share }: { share: string }) => share)).toEqual(['1', '2'])
    expect(json.shares.map(clustersOf)).toEqual([
      ['laptop', 'compose', 'kuberay'],
      ['compose', 'laptop', 'kuberay']
    ])
    expect((await look(json.id)).json.warnings).toEqual(json.warnings)
  })
  it('is not accepted while no cluster answers', async () => {
    answerCores({})
    const { status, json } = await fanOut({ clusters: ['compose', 'kuberay'] })
    expect([status, json.detail]).toEqual([503, 'none of the clusters answers'])
    expect(json.hint).toContain('compose does not answer')
  })
  it('goes to clusters in SLURM jobs, also to two on one platform', async () => {
    const clusters = []
    for (const _number of [0, 1]) {
      const { name, orchestration } = (await api.ask('/v1/ray/clusters', asJson({ platform: 'lumi' }))).json
      await submitter.write(orchestration, 'lumi', [running])
      clusters.push({ name, reference: `${orchestration}/job:0` })
    }
    answerCores({ lumi: 4 })
    const { json } = await fanOut({ clusters: clusters.map(({ name }) => name) })
    const jobs = await jobsOn(json.id, 'lumi')
    const [a, b] = clusters.map(({ reference }) => reference)
    expect(jobs.map(({ ray }: { ray: { cluster: string } }) => ray.cluster)).toEqual([a, b, b, a])
    expect(jobs.map(({ needs }: { needs: { job: string }[] }) => needs.map(({ job }) => job))).toEqual([
      [],
      ['lumi/job:0'],
      [],
      ['lumi/job:2']
    ])
  })
  it('is made once by an Idempotency-Key, as it was divided then', async () => {
    answerCores({ compose: 1, kuberay: 1 })
    const first = await fanOut({ clusters: ['compose', 'kuberay'] }, { key: 'once' })
    await consumer?.close()
    answerCores({})
    expect((await fanOut({ clusters: ['compose', 'kuberay'] }, { key: 'once' })).json).toEqual(first.json)
    expect((await fanOut({ clusters: ['compose'] }, { key: 'once' })).status).toBe(422)
  })
  it('is refused with the field that is wrong, and when a share is too long for one argument', async () => {
    const pathsOf = async (body: object) => (await fanOut(body)).json.errors.map(({ path }: { path: string }) => path)
    expect(await pathsOf({ clusters: [] })).toEqual(['clusters'])
    expect(await pathsOf({ clusters: ['compose', 'compose'] })).toEqual(['clusters'])
    expect(await pathsOf({ clusters: ['compose'], items: [] })).toEqual(['items'])
    expect(await pathsOf({ clusters: ['compose'], items: [['a', 1, 'heavy']] })).toEqual(['items[0]'])
    expect(await pathsOf({ clusters: ['compose'], job: { entrypoint: 'true' } })).toEqual(['job.file', 'job.entrypoint'])
    const parameters = { items: [], output: '' }
    expect(await pathsOf({ clusters: ['compose'], job: { file: 'a.py', parameters } })).toEqual([
      'job.parameters.items',
      'job.parameters.output'
    ])
    expect((await fanOut({ clusters: ['lumi'] })).status).toBe(404)
    answerCores({ compose: 1 })
    const { status, json } = await fanOut({ clusters: ['compose'], items: [['x'.repeat(140_000), 1, 1]] })
    expect([status, json.detail]).toEqual([413, expect.stringMatching(/^the share of compose is \d+ bytes of JSON/)])
  })
  it('is nobody else’s, and no other order is one', async () => {
    answerCores({ compose: 1 })
    const { id } = (await fanOut({ clusters: ['compose'] })).json
    expect((await look(id, '', 'other')).status).toBe(404)
    expect((await fanOut({ clusters: ['compose'] }, { as: 'other' })).status).toBe(202)
    const { name, orchestration } = (await api.ask('/v1/ray/clusters', asJson({ platform: 'lumi' }))).json
    expect((await look(orchestration)).status).toBe(404)
    expect((await fanOut({ clusters: [name] }, { as: 'other' })).status).toBe(404)
  })
  it('ends when its order is stopped', async () => {
    answerCores({ compose: 1, kuberay: 1 })
    const { id } = (await fanOut({ clusters: ['compose', 'kuberay'] })).json
    await submitter.write(id, 'compose', [queued, { kind: 'preparing' }])
    await api.ask(`/v1/orchestrations/${id}/stop`, { method: 'POST' })
    for (const platform of ['compose', 'kuberay']) await submitter.write(id, platform, [ended('cancelled'), ended('cancelled')])
    const { json } = await look(id, '?wait=300')
    expect(json.state).toBe('finished')
    expect(json.shares.map(({ status }: { status: string }) => status)).toEqual(['STOPPED', 'STOPPED'])
  })
})

describe('the URL for a result', () => {
  it('begins with public-url where it is configured', async () => {
    const publicApi = await openTestApi({ publicUrl: 'https://lautta.example.com/api' })
    const answering = consumeAsk(publicApi.redis, 4, async () => {
      const node = { id: 'n', isHead: true, isAlive: true, address: '10.0.0.1', resources: { CPU: 1 } }
      return { answer: tellCluster({ rayVersion: '2.60.0', pythonVersion: null, nodes: [node] }) }
    })
    const { json } = await publicApi.ask('/v1/ray/fan-out', asJson({ ...work, clusters: ['compose'] }))
    const { platforms } = (await publicApi.ask(`/v1/orchestrations/${json.id}`)).json
    const { url, path } = platforms.compose.jobs[0].ray.parameters.output
    expect(url).toContain(`https://lautta.example.com/api/v1/objects/experiment/${path}?user=local&expires=`)
    await answering.close()
    await publicApi.close()
  })
})
