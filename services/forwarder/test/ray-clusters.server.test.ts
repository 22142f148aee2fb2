import { readFile } from 'node:fs/promises'
import { CredentialsError, UnavailableError } from '@lautta/core/errors'
import type { Question } from '@lautta/core/messages'
import { tellCluster, tellSilentCluster } from '@lautta/core/ray/tell-cluster'
import { consumeAsk } from '@lautta/queue/consume-ask'
import type { Consumer } from '@lautta/queue/queues'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { openTestApi, rayClusters, type TestApi } from './open-api.ts'
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
/** In the place of the submitter; answers what was asked. */
const answer = (handle: (question: Question) => unknown): Question[] => {
  const asked: Question[] = []
  consumer = consumeAsk(api.redis, 4, async (question) => {
    asked.push(question)
    return { answer: handle(question) }
  })
  return asked
}
const node = { id: 'n', isHead: true, isAlive: true, address: '10.0.0.1', resources: { CPU: 4 } }
const described = (rayVersion: string) => tellCluster({ rayVersion, pythonVersion: '3.11.2', nodes: [node] })

const create = async (body: object, headers: Record<string, string> = {}, as: 'local' | 'other' = 'local') => {
  const { headers: type, ...init } = asJson(body)
  return api.ask('/v1/ray/clusters', { ...init, headers: { ...(type as Record<string, string>), ...headers }, as })
}
const list = async (query = '', as: 'local' | 'other' = 'local') => (await api.ask(`/v1/ray/clusters${query}`, { as })).json
const names = (listed: { items: { name: string }[] }) => listed.items.map(({ name }) => name)

describe('a Ray cluster in a SLURM job', () => {
  it('is ordered as the one job of an order that starts at once', async () => {
    const { status, json } = await create({ platform: 'lumi', nodes: 2, time: '00:30:00', account: 'project_1' })
    expect([status, json.warnings]).toEqual([202, [expect.stringContaining('services there may answer nobody but you')]])
    const { name, orchestration } = json
    expect(json).toMatchObject({ name: `${orchestration}.lumi.0`, kind: 'slurm', platform: 'lumi', index: 0, state: 'declared' })
    const order = (await api.ask(`/v1/orchestrations/${orchestration}`)).json
    expect(order).toMatchObject({ name: 'ray-cluster', state: 'active' })
    const stored = JSON.parse(await readFile(api.fileOf('sub-air', `MANAGEMENT/${orchestration}.json`), 'utf8'))
    const template = { nodes: 2, cpus: 1, time: '00:30:00', account: 'project_1', 'idle-minutes': 30 }
    expect(stored.request.platforms.lumi.jobs).toMatchObject([{ 'ray-cluster': template, status: { start: false } }])
    expect(names(await list())).toContain(name)
  })
  it('is ordered once by an Idempotency-Key, and another body with that key is refused', async () => {
    const key = { 'idempotency-key': 'cluster' }
    const first = await create({ platform: 'lumi', name: 'mine' }, key)
    expect((await create({ platform: 'lumi', name: 'mine' }, key)).json).toEqual(first.json)
    const { status, json } = await create({ platform: 'lumi', name: 'mine', nodes: 3 }, key)
    expect([status, json.detail]).toEqual([422, 'this Idempotency-Key was used with another body'])
  })
  it('is refused where there is no SLURM, and with a template that is wrong', async () => {
    expect((await create({ platform: 'compose' })).json.detail).toBe('compose has no SLURM')
    expect((await create({ platform: 'local' })).status).toBe(400)
    expect((await create({ platform: 'nowhere' })).status).toBe(404)
    const { status, json } = await create({ platform: 'lumi', nodes: 0, memory: 'much', cores: 1 })
    expect([status, json.errors.map(({ path }: { path: string }) => path).sort()]).toEqual([400, ['cores', 'memory', 'nodes']])
  })
  it('is not listed any more when its job has ended, and can still be looked at by its name', async () => {
    const { name, orchestration } = (await create({ platform: 'lumi' })).json
    await submitter.write(orchestration, 'lumi', [running])
    expect(names(await list())).toContain(name)
    await submitter.write(orchestration, 'lumi', [ended('completed')])
    expect(names(await list())).not.toContain(name)
    const { json } = await api.ask(`/v1/ray/clusters/${name}`)
    expect(json).toMatchObject({
      state: 'finished',
      outcome: 'completed',
      probe: { ok: false, detail: 'its job ended completed' }
    })
  })
  it('is nobody else’s', async () => {
    const { name, orchestration } = (await create({ platform: 'lumi' })).json
    await submitter.write(orchestration, 'lumi', [running])
    expect((await api.ask(`/v1/ray/clusters/${name}`, { as: 'other' })).status).toBe(404)
    expect(names(await list('', 'other'))).toEqual(rayClusters)
  })
})

describe('the list of Ray clusters', () => {
  it('begins with those that are platforms, and comes in pages', async () => {
    const { json } = await create({ platform: 'lumi' })
    const all = await list()
    expect(names(all).slice(0, 4)).toEqual([...rayClusters, json.name])
    expect(all.items[0]).toMatchObject({ kind: 'static', platform: 'compose', state: null, orchestration: null })
    expect(all.items[0]).not.toHaveProperty('probe')
    const first = await list('?limit=2')
    const second = await list(`?limit=2&cursor=${first.next}`)
    expect([...names(first), ...names(second)]).toEqual([...rayClusters, json.name])
  })
  it('tells with probe=true what each says of itself, in which versions they differ, and which can not be asked', async () => {
    const { name, orchestration } = (await create({ platform: 'mahti' })).json
    await submitter.write(orchestration, 'mahti', [{ kind: 'running', slurmJobId: '4711' }])
    const waiting = (await create({ platform: 'mahti' })).json
    await submitter.write(waiting.orchestration, 'mahti', [queued])
    const asked = answer(({ platform }) => {
      if (platform === 'kuberay') return tellSilentCluster('the token is wrong', 'put the right one there')
      if (platform === 'laptop') throw new UnavailableError('the lease is not known', { hint: 'soon' })
      return described(platform === 'compose' ? '2.60.0' : '2.49.0')
    })
    const { items, warnings } = await list('?probe=true')
    const probeOf = (of: string) => items.find((one: { name: string }) => one.name === of).probe
    expect(probeOf('compose')).toMatchObject({ ok: true, 'ray-version': '2.60.0', resources: { CPU: 4 }, nodes: [{ id: 'n' }] })
    expect(probeOf('kuberay')).toMatchObject({ ok: false, detail: 'the token is wrong', hint: 'put the right one there' })
    expect(probeOf('laptop')).toMatchObject({ ok: false, detail: 'the lease is not known', hint: 'soon', nodes: [] })
    expect(probeOf(name)).toMatchObject({ ok: true, 'ray-version': '2.49.0' })
    expect(probeOf(waiting.name)).toMatchObject({ ok: false, detail: 'its job is queued' })
    expect(warnings).toEqual([expect.stringMatching(/^Ray differs between clusters \(2\.60\.0 on compose; 2\.49\.0 on /)])
    expect(asked).toContainEqual({ kind: 'ray-cluster', user: 'local', platform: 'compose', cluster: null })
    expect(asked).toContainEqual({ kind: 'ray-cluster', user: 'local', platform: 'mahti', cluster: '4711' })
  })
})

describe('a cluster that is a platform', () => {
  it('is asked in the caller’s name', async () => {
    const asked = answer(() => described('2.60.0'))
    const { json } = await api.ask('/v1/ray/clusters/compose', { as: 'other' })
    expect(json).toMatchObject({ name: 'compose', kind: 'static', probe: { ok: true } })
    expect(asked).toMatchObject([{ user: 'Other@Example.com', cluster: null }])
  })
  it('that can not be asked says why', async () => {
    answer(() => {
      throw new CredentialsError('no credential for compose')
    })
    const { status, json } = await api.ask('/v1/ray/clusters/compose')
    expect([status, json.probe.ok, json.probe.detail]).toEqual([200, false, 'no credential for compose'])
  })
  it.each(['lumi', 'nowhere', 'Compose', '01jd.lumi.0', '01jd.lumi.x'])('is not %s', async (name) => {
    expect((await api.ask(`/v1/ray/clusters/${name}`)).status).toBe(404)
  })
})
