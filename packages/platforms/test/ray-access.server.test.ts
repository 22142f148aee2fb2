import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { CredentialsError, UnavailableError, UnknownOutcomeError } from '@lautta/core/errors'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../../../test/servers/fault-proxy.ts'
import { freePort } from '../../../test/servers/free-port.ts'
import { type RayServer, rayCommands, startRay } from '../../../test/servers/ray.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { until } from '../../../test/support/until.ts'
import { connectPlatform } from '../src/connect-platform.ts'
import type { Platform } from '../src/platform.ts'
import { probePlatform } from '../src/probe-platform.ts'
import { openRayCluster } from '../src/ray/open-ray-cluster.ts'
import { rayClusterSettingsSchema } from '../src/ray/ray-cluster-settings.ts'
import { createRayLogs, rayLogPath } from '../src/ray/ray-logs.ts'
import { createRayScheduler } from '../src/ray/ray-scheduler.ts'
import { knownPlatforms } from '../src/settings.ts'
import { composeRayJob, openTestRay, submitRayJob } from './open-test-ray.ts'

const machine = { localFolder: '/nowhere', environment: {} }

describe.skipIf(!requireCommands(rayCommands))('the way to a Ray cluster', () => {
  let ray: RayServer
  let proxy: FaultProxy
  const opened: { close(): Promise<void> }[] = []
  const servers: Server[] = []

  beforeAll(async () => {
    ray = await startRay({ cpus: 1 })
    proxy = await startFaultProxy({ host: '127.0.0.1', port: Number(new URL(ray.dashboard).port) })
  })

  afterEach(async () => {
    proxy.pass()
    await Promise.all(opened.splice(0).map((one) => one.close()))
    for (const server of servers.splice(0)) server.close().closeAllConnections()
  })

  afterAll(async () => {
    await proxy?.stop()
    await ray?.stop()
  })

  const open = (dashboard: string, token = ray.token) => {
    const api = openTestRay({ dashboard, token })
    opened.push(api)
    return api
  }
  /** The platform that lautta.yaml makes of such an entry. */
  const connect = async (entry: Record<string, unknown>): Promise<{ platform: Platform; probe(): Promise<string[]> }> => {
    const [known] = knownPlatforms({}, false, { test: rayClusterSettingsSchema.parse(entry) }).filter(
      ({ kind }) => kind === 'ray'
    )
    if (known === undefined) throw new Error('no platform came of it')
    const platform = await connectPlatform(known, 'user', machine)
    opened.push(platform)
    const probe = async () => {
      const steps = await probePlatform(platform, known, AbortSignal.timeout(30_000))
      return steps.map(({ step, ok, detail }) => `${step} ${ok ? 'ok' : 'failed'}${detail === '' ? '' : `: ${detail}`}`)
    }
    return { platform, probe }
  }
  const answering = async (status: number, body: string, type: string): Promise<string> => {
    const server = createServer((_request, response) => void response.writeHead(status, { 'content-type': type }).end(body))
    servers.push(server.listen(0, '127.0.0.1'))
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('is told step by step, with the versions at its end', async () => {
    const { platform, probe } = await connect({ dashboard: ray.dashboard, 'token-file': ray.tokenFile })
    expect(await probe()).toEqual([
      'name ok',
      'tcp ok',
      'login ok',
      expect.stringMatching(/^ray ok: Ray 2\S+ with Python 3\S+ on 1 of 1 nodes, 1 CPUs$/)
    ])
    await platform.reach()
    await expect(platform.shell.start(['true'])).rejects.toThrow('test is a Ray cluster, and has no shell')
    await expect(platform.openRay('1')).rejects.toThrow('starts no other')
    expect((await (await platform.openRay(null)).describe()).nodes).toHaveLength(1)
  })

  it('ends at the login without a token, or with a wrong one, until the right one is in its file', async () => {
    const without = await connect({ dashboard: ray.dashboard })
    expect(await without.probe()).toEqual([
      'name ok',
      'tcp ok',
      expect.stringMatching(/^login failed: .*Missing authentication token \(the file that token-file/)
    ])
    const file = join(ray.folder, 'other-token')
    const changing = await connect({ dashboard: ray.dashboard, 'token-file': file })
    expect(await changing.probe()).toEqual([expect.stringMatching(/^login failed: .*can not be read: ENOENT/)])
    await writeFile(file, 'not-the-token-of-this-cluster')
    await expect(changing.platform.reach()).rejects.toThrow(CredentialsError)
    expect((await changing.probe()).at(-1)).toMatch(/^login failed: .*Invalid authentication token/)
    await writeFile(file, '')
    expect((await changing.probe()).at(-1)).toMatch(/^login failed: .*it is empty/)
    await writeFile(file, `${ray.token}\n`)
    expect(await changing.probe()).toHaveLength(4)
  })

  it('ends where nobody listens, and at a name that nobody has', async () => {
    const nobody = await connect({ dashboard: `http://127.0.0.1:${await freePort()}` })
    expect(await nobody.probe()).toEqual([
      'name ok',
      expect.stringMatching(/^tcp failed: the Ray cluster test does not answer: .*ECONNREFUSED/)
    ])
    const nameless = await connect({ dashboard: 'http://no-such-host.invalid:8265' })
    expect(await nameless.probe()).toEqual([expect.stringMatching(/^name failed: /)])
  })

  it.each([
    { what: 'a page', status: 200, body: '<html>Welcome</html>', says: /does not answer as Ray does: <html>/ },
    { what: 'no version', status: 404, body: 'Not found', says: /does not answer as Ray does: it has no \/api\/version/ },
    { what: 'other JSON', status: 200, body: '{"status":"ok"}', says: /does not answer as Ray does: {"status":"ok"}/ },
    { what: 'a redirection', status: 302, body: '', says: /says: nothing, with status 302/ },
    {
      what: 'an old Jobs API',
      status: 200,
      body: '{"version":"3","ray_version":"2.2.0"}',
      says: /version 3 of the Jobs API, with Ray 2\.2\.0/
    }
  ])('ends at what is no Ray that we know: $what', async ({ status, body, says }) => {
    const { platform, probe } = await connect({ dashboard: await answering(status, body, 'text/html') })
    expect(await probe()).toEqual(['name ok', 'tcp ok', expect.stringMatching(/^ray failed: /)])
    await expect(platform.reach()).rejects.toThrow(UnavailableError)
    await expect(platform.reach()).rejects.toThrow(says)
  })

  it('leads to the one Ray job when the answer to its submission is lost', async () => {
    const api = open(proxy.url)
    const submission = composeRayJob('true')
    proxy.aim(/^POST \/api\/jobs\/$/)
    proxy.resetAfterForwarding(1)
    await expect(openRayCluster(api).submit(submission)).rejects.toThrow(UnknownOutcomeError)
    const found = { kind: 'found', slurmJobId: submission.submissionId }
    await until(async () => (await createRayScheduler(api).findSubmission(submission, new Date())).kind === 'found', 50)
    expect(await createRayScheduler(api).readRight(submission)).toMatchObject(found)
    expect(await submitRayJob(api, submission)).toBe(submission.submissionId)
  })

  it('leaves it open whether a submission came to something when the dashboard fails with it', async () => {
    const submit = () => openRayCluster(open(proxy.url)).submit(composeRayJob('true'))
    proxy.failNext(1, 502)
    await expect(submit()).rejects.toThrow(UnknownOutcomeError)
    proxy.failNext(1, 429)
    await expect(submit()).rejects.toThrow(UnavailableError)
  })

  it('never takes a log that broke for all of it', async () => {
    const submission = composeRayJob(`head -c 300000 /dev/zero`)
    const direct = open(ray.dashboard)
    await submitRayJob(direct, submission)
    const asked = { slurmJobId: submission.submissionId, token: submission.token, orderedAt: new Date(), acceptedAt: null }
    await until(async () => (await createRayScheduler(direct).findEndings([asked]))[0] ?? null, 200)
    const path = rayLogPath(submission.submissionId)
    const logs = createRayLogs(open(proxy.url))
    proxy.aim(/^GET \/api\/v0\/logs\//)
    proxy.truncateNext(1, 100_000)
    await expect(logs.look([path])).rejects.toThrow(UnavailableError)
    proxy.truncateNext(1, 100_000)
    const read = async () => {
      let usedBytes = 0
      for await (const { bytes } of logs.read([{ path, offset: 1000, usedBytes: 290_000 }], 65_536)) usedBytes += bytes.length
      return usedBytes
    }
    await expect(read()).rejects.toThrow(UnavailableError)
    expect(await read()).toBe(290_000)
  })

  it('is one to another cluster after a restart, which knows nothing of what was', async () => {
    const { platform } = await connect({ dashboard: ray.dashboard, 'token-file': ray.tokenFile })
    const { scheduler, logs } = platform
    const submission = composeRayJob('sleep 300')
    await (await platform.openRay(null)).submit(submission)
    const id = submission.submissionId
    await until(async () => (await scheduler.listJobs()).get(id)?.phase === 'running', 200)
    await ray.kill()
    await expect(scheduler.listJobs()).rejects.toThrow(UnavailableError)
    await expect(logs.look([rayLogPath(id)])).rejects.toThrow(UnavailableError)
    await ray.restart()
    expect((await scheduler.listJobs()).has(id)).toBe(false)
    const asked = { slurmJobId: id, token: submission.token, orderedAt: new Date(), acceptedAt: null }
    expect(await scheduler.findEndings([asked])).toEqual([undefined])
    expect(await scheduler.collectAccounting(asked)).toEqual({ records: [], unreadable: [] })
  })
})
