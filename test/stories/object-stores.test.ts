import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CephServer, cephCommands, startCeph } from '../servers/ceph.ts'
import { type FaultProxy, startFaultProxy } from '../servers/fault-proxy.ts'
import { type KeystoneServer, startKeystone } from '../servers/keystone.ts'
import { requireCommands } from '../servers/require-server.ts'
import { type SwiftServer, startSwift, swiftCommands } from '../servers/swift.ts'
import { asJson } from '../support/rest-client.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'
import { until } from '../support/until.ts'

/*
 * Lautta keeps all it has in a real Swift, and in a real Ceph RGW through S3: an order runs, its log and its tables come
 * back, also after a restart. While the store is away nothing is accepted, nothing is submitted and nothing is lost.
 */
const echo = { script: '#!/bin/sh\necho out; echo err >&2\n' }
const rowsOf = async ({ ask }: Standalone['orders'], id: string) =>
  (await ask(`/v1/tables/sacct?orchestration=${id}`)).json.items as { state: string }[]

/** Runs one order and reads back what came of it. */
async function runOrder({ orders }: Standalone): Promise<string> {
  const id = await orders.start('local', [echo])
  const stored = await orders.untilStored(id)
  expect(stored).toMatchObject({ state: 'finished', outcome: 'completed' })
  expect(await orders.log(id, 'local', '?source=out')).toBe('out\nerr\n')
  expect(await rowsOf(orders, id)).toMatchObject([{ state: 'COMPLETED' }])
  return id
}

describe.skipIf(!requireCommands(swiftCommands))('Lautta with its store on Swift', () => {
  let keystone: KeystoneServer
  let swift: SwiftServer
  let proxy: FaultProxy
  let lautta: Standalone
  beforeAll(async () => {
    keystone = await startKeystone()
    swift = await startSwift(keystone)
    const { hostname, port } = new URL(swift.url)
    proxy = await startFaultProxy({ host: hostname, port: Number(port) })
    const { id, secret } = keystone.applicationCredential
    lautta = await startStandalone({
      store: {
        kind: 'swift',
        'auth-url': keystone.authUrl,
        endpoint: `${proxy.url}/v1`,
        'application-credential-id': id,
        'application-credential-secret': secret
      }
    })
  })
  afterAll(async () => {
    await lautta?.stop()
    await proxy?.stop()
    await swift?.stop()
    await keystone?.stop()
  })

  it('runs an order, and knows it after a restart', async () => {
    const id = await runOrder(lautta)
    await lautta.process.end()
    await lautta.restart()
    expect(await lautta.orders.order(id)).toMatchObject({ state: 'finished', outcome: 'completed' })
  })
  it('accepts nothing while the store is away, says so, and goes on when it is back', async () => {
    const { orders, folder } = lautta
    const go = join(folder, 'go')
    const id = await orders.start('local', [{ script: `#!/bin/sh\nuntil [ -e ${go} ]; do sleep 0.1; done; echo well\n` }])
    await orders.untilJob(id, 'local', ({ state }) => state === 'running')
    proxy.refuse()
    const refused = await orders.ask('/v1/orchestrations', asJson({ name: 'refused', platforms: { local: { jobs: [echo] } } }))
    expect(refused).toMatchObject({ status: 503, json: { hint: expect.stringMatching(/nothing was accepted/) } })
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    const ready = await orders.ask('/health/ready')
    expect(ready).toMatchObject({
      status: 503,
      json: { missing: ['object store: unavailable'] }
    })
    // The job ends while nobody can write it down.
    await writeFile(go, '')
    await until(() => proxy.requests.length > 0)
    proxy.pass()
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await orders.log(id, 'local', '?source=out')).toBe('well\n')
    expect(await rowsOf(orders, id)).toHaveLength(1)
    const listed = (await orders.ask('/v1/orchestrations')).json.items as { name: string }[]
    expect(listed.map(({ name }) => name)).not.toContain('refused')
  })
  it('lets a job wait for room while a bucket is full, and goes on when there is some', async () => {
    const { orders, folder } = lautta
    const { token } = await keystone.logIn()
    const allow = async (bytes: string) => {
      const headers = { 'x-auth-token': token, 'x-container-meta-quota-bytes': bytes }
      const answer = await fetch(`${swift.storageUrl}/mlch-pipe-local`, { method: 'PUT', headers })
      expect(answer.ok).toBe(true)
    }
    await allow('1')
    const place = (name: string, path: string) => ({ place: name, path, value: 'None' })
    const transfer = {
      source: place('hpc/local', join(folder, 'result')),
      target: place('storage/allas/pipeline', 'DATA/result')
    }
    const files = { get: [{ transfer, remove: false }] }
    const id = await orders.start('local', [{ script: `#!/bin/sh\necho room >${join(folder, 'result')}\n` }], { files })
    const waiting = await orders.untilJob(id, 'local', (job) => job.waiting === 'storage')
    expect(waiting.state).toBe('finishing')
    expect((await orders.events(id)).map(({ reason }) => reason).join()).toMatch(/quota/)
    const refused = await orders.ask('/v1/objects/pipeline/DATA/mine', { method: 'PUT', body: 'too much' })
    expect(refused).toMatchObject({ status: 413, json: { detail: expect.stringMatching(/quota/) } })
    await allow('')
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect((await orders.ask('/v1/objects/pipeline/DATA/result')).text).toBe('room\n')
  })
  it('runs a job once while the store fails again and again, before and after it has done what it was asked', async () => {
    const { orders, folder } = lautta
    const id = await orders.start('local', [{ script: `#!/bin/sh\necho once >>${join(folder, 'runs')}\n` }])
    for (let round = 0; round < 3; round++) {
      const seen = proxy.requests.length
      proxy.failNext(6, 503)
      proxy.resetAfterForwarding(3)
      await until(() => proxy.requests.length > seen + 8)
    }
    expect(await orders.untilStored(id)).toMatchObject({ outcome: 'completed' })
    expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('once\n')
    expect(await rowsOf(orders, id)).toHaveLength(1)
  })
})

describe.skipIf(!requireCommands(cephCommands))('Lautta with its store on S3', () => {
  let ceph: CephServer
  let lautta: Standalone
  beforeAll(async () => {
    ceph = await startCeph({})
    const { accessKeyId, secretAccessKey } = ceph.s3User
    const credential = { 'access-key-id': accessKeyId, 'secret-access-key': secretAccessKey }
    lautta = await startStandalone({ store: { kind: 's3', endpoint: ceph.s3Url, ...credential } })
  })
  afterAll(async () => {
    await lautta?.stop()
    await ceph?.stop()
  })

  it('runs an order, and knows it after a restart', async () => {
    const id = await runOrder(lautta)
    await lautta.process.end()
    await lautta.restart()
    expect(await lautta.orders.order(id)).toMatchObject({ state: 'finished', outcome: 'completed' })
  })
})
