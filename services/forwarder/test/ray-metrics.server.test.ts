import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { until } from '../../../test/support/until.ts'
import { openTestApi, type TestApi } from './open-api.ts'
import { ended, openSubmitterWrites, queued, running, type SubmitterWrites } from './submitter-writes.ts'

// A port for each service but metrics.
const tunnel = {
  ...{ host: 'lautta.example.com', user: 'ray-tunnel', 'host-keys': ['ssh-ed25519 AAAAC3Nz'] },
  ...{ 'private-key-file': '/run/secrets/tunnel-key', ports: '8401-8450' }
}

let api: TestApi
let submitter: SubmitterWrites
beforeAll(async () => {
  api = await openTestApi({
    platforms: { tunnelled: { profile: 'slurm', hosts: [{ host: 'login.example.com' }], 'remote-forward': tunnel } }
  })
  submitter = await openSubmitterWrites(api)
})
afterAll(async () => {
  submitter?.close()
  await api?.close()
})

const paths = async (as: 'local' | 'other' = 'local'): Promise<string[]> => {
  const { json } = await api.ask('/v1/ray/metrics-targets', { as })
  return json.map(({ labels }: { labels: Record<string, string> }) => labels.__metrics_path__)
}

describe('the metrics of a Ray cluster in a job', () => {
  it('are announced while it runs, to its owner: of each node, and two of the head', async () => {
    const { json } = await api.ask('/v1/ray/clusters', asJson({ platform: 'lumi', nodes: 2 }))
    const { name, orchestration } = json
    await submitter.write(orchestration, 'lumi', [queued])
    expect(await paths()).toEqual([])
    await submitter.write(orchestration, 'lumi', [running])
    expect(await paths()).toEqual([0, 1, 2, 3].map((node) => `/v1/ray/clusters/${name}/metrics/${node}`))
    expect(await paths('other')).toEqual([])
    const { status, json: problem } = await api.ask(`/v1/ray/clusters/${name}/metrics/4`)
    expect([status, problem.detail]).toEqual([404, `${name} tells no metrics of node 4`])
    await submitter.write(orchestration, 'lumi', [ended('completed')])
    expect(await paths()).toEqual([])
  })
  it('are not announced where its tunnel does not bring them', async () => {
    const { json } = await api.ask('/v1/ray/clusters', asJson({ platform: 'tunnelled' }))
    await submitter.write(json.orchestration, 'tunnelled', [running])
    expect(await paths()).toEqual([])
    expect((await api.ask(`/v1/ray/clusters/${json.name}/metrics/0`)).status).toBe(404)
  })
})

describe('requests for metrics', () => {
  it('take another forward for each node', async () => {
    const { json } = await api.ask('/v1/ray/clusters', asJson({ platform: 'lumi', nodes: 2 }))
    await submitter.write(json.orchestration, 'lumi', [running])
    // Nobody opens them.
    const findForward = (node: number) =>
      until(async () => {
        const { items } = (await api.ask('/v1/forwards')).json
        return items.find(
          (one: { orchestration: string; node: number }) => one.orchestration === json.orchestration && one.node === node
        )
      })
    const asked: ReturnType<TestApi['ask']>[] = []
    for (const node of [0, 1]) {
      asked.push(api.ask(`/v1/ray/clusters/${json.name}/metrics/${node}`))
      expect(await findForward(node)).toMatchObject({ service: 'metrics', state: 'opening' })
    }
    for (const node of [0, 1]) await api.ask(`/v1/forwards/${(await findForward(node)).id}`, { method: 'DELETE' })
    const details = (await Promise.all(asked)).map((answer) => answer.json.detail)
    expect(details).toEqual([0, 1].map((node) => `metrics of node ${node} of ${json.name} does not answer: ended by its owner`))
  })
})

describe('forwards to metrics', () => {
  it('leave room for other forwards, and who asks for one again gets it', async () => {
    const create = (target: object) => api.ask('/v1/forwards', asJson({ platform: 'compose', ...target }))
    const ids: string[] = []
    for (let node = 0; node < 24; node++) ids.push((await create({ service: 'metrics', node })).json.id)
    expect(new Set(ids).size).toBe(24)
    const { status, json } = await create({ service: 'metrics', node: 24 })
    expect([status, json.detail]).toEqual([409, '24 forwards to metrics of yours are there'])
    expect((await create({ service: 'dashboard' })).status).toBe(201)
    expect((await create({ service: 'metrics', node: 7 })).json.id).toBe(ids[7])
    await api.ask(`/v1/forwards/${ids[7]}`, { method: 'DELETE' })
    expect((await create({ service: 'metrics', node: 24 })).status).toBe(201)
    expect((await create({ service: 'metrics', node: 7 })).status).toBe(409)
  })
})
