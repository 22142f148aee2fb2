import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { putRay, rayCommands, raySoftware } from '../../packages/platforms/test/put-ray.ts'
import { rayPython } from '../servers/ray.ts'
import { requireCommands } from '../servers/require-server.ts'
import { outputOf } from '../servers/run.ts'
import { createForwardClient, listenInPlace } from '../support/forward-client.ts'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { processingParameters, putExample } from '../support/put-example.ts'
import { asJson } from '../support/rest-client.ts'
import { until } from '../support/until.ts'

const main = `import os, sys, time, ray
ray.init()
@ray.remote
def add(one, other):
    return one + other
print('sum', ray.get(add.remote(20, 22)), 'nodes', len(ray.nodes()), 'got', sys.argv[1], flush=True)
while os.environ.get('HOLD') and os.path.exists(os.environ['HOLD']):
    time.sleep(0.1)
`
const directory = 'CODE/RAY/one'
const cluster = { 'ray-cluster': { nodes: 2, memory: '3G', partition: 'medium', time: '00:15:00', venv: '~/ray-venv' } }
const hold = '/users/csc/hold'

describe.skipIf(!requireCommands(rayCommands))('Ray jobs on a cluster that a job of SLURM is', () => {
  let lautta: LauttaOnSlurm
  let orders: ReturnType<typeof createOrderClient>
  beforeAll(async () => {
    lautta = await startLauttaOnSlurm(undefined, { software: raySoftware(), nodeMegabytes: 12_288 })
    orders = createOrderClient(lautta.ask)
    await putRay(lautta.slurm)
    await lautta.ask(`/v1/objects/pipeline/${directory}/main.py`, { method: 'PUT', body: main })
  })
  afterAll(() => lautta?.stop())

  const onCluster = (more: object = {}, reference = 'job:0') => ({
    ray: { file: 'main.py', directory, parameters: { 'worker-number': 2 }, cluster: reference, ...more }
  })
  const ended = (order: string, index: number) => orders.untilJob(order, 'mahti', (job) => job.state === 'finished', index)
  const log = async (order: string, index: number): Promise<string> =>
    (await lautta.ask(`/v1/orchestrations/${order}/jobs/mahti/${index}/log`)).text
  let id: string
  let clusterId: string

  it('wait until it runs and has formed, and run there, one after the other where they say so', async () => {
    id = await orders.start('mahti', [cluster, onCluster(), { ...onCluster(), needs: ['job:1'] }])
    expect(await orders.untilJob(id, 'mahti', ({ waiting }) => waiting === 'need', 1)).toMatchObject({ state: 'preparing' })
    const first = await ended(id, 1)
    const running = await orders.job(id, 'mahti')
    expect(running).toMatchObject({ state: 'running' })
    clusterId = running.id
    expect(first).toMatchObject({ outcome: 'completed', id: expect.stringMatching(new RegExp(`^${clusterId}/lautta-`)) })
    expect(await ended(id, 2)).toMatchObject({ outcome: 'completed' })
    await until(async () => (await log(id, 1)).includes('sum 42 nodes 2 got {"worker-number":2}'), 100)
  })

  it('have the log, the stages, and the line of accounting of a job, with the partition and nodes of their cluster', async () => {
    await orders.untilJob(id, 'mahti', ({ status }) => status.stored, 1)
    const { json } = await lautta.ask(`/v1/tables/sacct?orchestration=${id}`)
    const mine = json.items.filter((row: { 'job-index': number }) => row['job-index'] === 1)
    expect(mine).toMatchObject([{ state: 'COMPLETED', partition: 'medium', 'alloc-nodes': 2, user: 'csc' }])
    expect(mine[0]['job-id']).toContain(clusterId)
  })

  it('come from other orders, too, and from a submitter that was killed meanwhile', async () => {
    await lautta.slurm.exec(['touch', hold])
    const other = await orders.start('mahti', [onCluster({ 'env-vars': { HOLD: hold } }, `${id}/job:0`)])
    await orders.untilJob(other, 'mahti', ({ state }) => state === 'running')
    await lautta.services.submitter.end('SIGKILL')
    await lautta.start('submitter')
    await lautta.slurm.exec(['rm', hold])
    expect(await ended(other, 0)).toMatchObject({ outcome: 'completed', attempt: 1 })
  })

  it('serve what they found through the API while they run', async () => {
    const example = await putExample(lautta.ask, 'processing')
    const parameters = processingParameters({ 'serve-seconds': 600 })
    const ray = { file: 'parallel_processing.py', directory: example, parameters, cluster: `${id}/job:0` }
    const other = await orders.start('mahti', [{ ray }])
    const { output } = await until(async () => {
      const { status, json } = await lautta.ask(`/v1/ray/clusters/${id}.mahti.0/serve/output`)
      return status === 200 ? json : null
    }, 500)
    expect(output).toHaveLength(4)
    await orders.give(other, 'stop')
    expect(await ended(other, 0)).toMatchObject({ outcome: 'cancelled' })
  })

  it('have a cluster whose nodes each tell Prometheus their metrics, and its autoscaler and dashboard too', async () => {
    const { json } = await lautta.ask('/v1/ray/metrics-targets')
    const paths = json.map(({ labels }: { labels: Record<string, string> }) => labels.__metrics_path__)
    expect(paths).toEqual([0, 1, 2, 3].map((node) => `/v1/ray/clusters/${id}.mahti.0/metrics/${node}`))
    const isHead = async (path: string) => /^ray_node_cpu_count\{IsHeadNode="(\w+)"/m.exec((await lautta.ask(path)).text)?.[1]
    const nodes = async () => (await Promise.all([isHead(paths[0]), isHead(paths[1])])).sort()
    await expect.poll(nodes, { timeout: 60_000, interval: 300 }).toEqual(['false', 'true'])
    expect((await lautta.ask(paths[2])).text).toMatch(/^autoscaler_\w+/m)
    expect((await lautta.ask(paths[3])).text).toMatch(/^ray_dashboard_\w+/m)
  })

  it('share their cluster with its owner: the dashboard by a link, and the client through a stream', async () => {
    const forwards = createForwardClient(lautta.ask)
    const dashboard = await forwards.open(id, 'dashboard', 'mahti')
    await forwards.untilForward(dashboard.id, ({ state }) => state === 'open')
    const { origin, cookie } = await forwards.enter(dashboard.id)
    // With the token of the cluster, which no browser has.
    const listed = await fetch(`${origin}/api/v0/nodes`, { headers: { cookie } })
    expect((await listed.text()).match(/"state": "ALIVE"/g)).toHaveLength(2)

    const client = await forwards.open(id, 'client', 'mahti')
    await forwards.untilForward(client.id, ({ state }) => state === 'open')
    const listener = await listenInPlace(`${lautta.url}/v1/forwards/${client.id}/stream`, lautta.apiKey)
    const { token } = JSON.parse((await lautta.slurm.exec(['cat', `.lautta/ray/${clusterId}/cluster.json`])).stdout)
    const script = `import ray\nray.init('ray://127.0.0.1:${listener.port}')\nprint('nodes', len(ray.nodes()))\nray.shutdown()`
    const told = await outputOf(['env', 'RAY_AUTH_MODE=token', `RAY_AUTH_TOKEN=${token}`, rayPython, '-c', script])
    expect(told).toContain('nodes 2')
    listener.close()
  })

  it('are the shares of a fan-out, too', async () => {
    const example = await putExample(lautta.ask, 'fan-out')
    const items = [
      ['a.txt', 1, 2],
      ['b.txt', 2, 1]
    ]
    const body = {
      clusters: [`${id}.mahti.0`],
      weights: { CPU: 1 },
      items,
      job: { file: 'process_share.py', directory: example }
    }
    const { json, status, text } = await lautta.ask('/v1/ray/fan-out', asJson(body))
    expect(status, text).toBe(202)
    const done = await until(async () => {
      const { json: found } = await lautta.ask(`/v1/ray/fan-out/${json.id}?wait=60`)
      return found.state === 'finished' ? found : null
    })
    expect(Object.keys(done.output['0'].data).sort()).toEqual(items.map((item) => JSON.stringify(item)))
  })

  it('end with it when it is stopped, with their logs, and what comes later never begins', async () => {
    await lautta.slurm.exec(['touch', hold])
    const other = await orders.start('mahti', [onCluster({ 'env-vars': { HOLD: hold } }, `${id}/job:0`)])
    await until(async () => (await log(other, 0)).includes('sum 42'), 100)
    await orders.give(id, 'stop')
    expect(await ended(id, 0)).toMatchObject({ outcome: 'cancelled' })
    expect(await ended(other, 0)).toMatchObject({ outcome: 'cancelled', reason: expect.stringContaining(`job ${clusterId}`) })
    await orders.untilStored(other)
    expect(await log(other, 0)).toContain('sum 42')
    const late = await orders.start('mahti', [onCluster({}, `${id}/job:0`)])
    expect(await ended(late, 0)).toMatchObject({ outcome: 'cancelled', reason: 'need-not-met' })
    expect((await lautta.slurm.exec(['pgrep', '-u', 'csc', '-f', 'raylet|gcs_server'])).stdout).toBe('')
  })

  it('leave the token of the cluster in no object, and in no log', async () => {
    const token = lautta.management.rayTokenOf(lautta.user, { id, platform: 'mahti', index: 0, attempt: 1 })
    const store = lautta.objectFile('sub-air', '..').replace(/\/[^/]*\/\.\.$/, '')
    expect(execFileSync('sh', ['-c', 'grep -rlF -- "$1" "$2" || true', 'sh', token, store], { encoding: 'utf8' })).toBe('')
    for (const { output } of Object.values(lautta.services)) expect(output()).not.toContain(token)
  })
})
