import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runPython } from '../support/python.ts'
import { type CephServer, cephCommands, startCeph } from './ceph.ts'
import { startFaultProxy } from './fault-proxy.ts'
import { hostState } from './host-state.ts'
import { type KeystoneServer, startKeystone } from './keystone.ts'
import { logIn } from './keystone-login.ts'
import { inOwnProcess } from './own-process.ts'
import { isAlive, processesNaming } from './processes.ts'
import { requireCommands } from './require-server.ts'
import { type SwiftServer, startSwift, swiftCommands } from './swift.ts'

const patience = { timeout: 30_000, interval: 50 }

describe.skipIf(!requireCommands([...swiftCommands, ...cephCommands]))('the object stores of the tests', () => {
  let before: unknown
  let keystone: KeystoneServer
  let otherKeystone: KeystoneServer
  let swift: SwiftServer
  let otherSwift: SwiftServer
  let ceph: CephServer
  let otherCeph: CephServer

  beforeAll(async () => {
    before = hostState()
    ;[keystone, otherKeystone, otherCeph] = await Promise.all([startKeystone(), startKeystone(), startCeph()])
    ;[swift, otherSwift, ceph] = await Promise.all([
      startSwift(keystone),
      startSwift(otherKeystone, { tokenCacheSeconds: 1 }),
      startCeph({ keystone })
    ])
  }, 60_000)

  const stopAll = () => Promise.all([swift, otherSwift, ceph, otherCeph, keystone, otherKeystone].map((server) => server?.stop()))
  afterAll(stopAll)

  async function ask(method: string, url: string, token: string, body?: string) {
    const response = await fetch(url, { method, headers: { 'x-auth-token': token }, ...(body ? { body } : {}) })
    return { status: response.status, body: await response.text() }
  }

  const storeUrls = () => [swift.storageUrl, `${ceph.swiftUrl}/AUTH_${keystone.projectId}`]
  const as = (person: { name: string; password: string }) => ({ ...person, project: keystone.projectName })

  it('keep what a member of the project puts', async () => {
    const { token } = await keystone.logIn()
    for (const url of storeUrls()) {
      expect(await ask('PUT', `${url}/bucket`, token)).toMatchObject({ status: 201 })
      expect(await ask('PUT', `${url}/bucket/ä`, token, 'hei')).toMatchObject({ status: 201 })
      expect(await ask('GET', `${url}/bucket/ä`, token)).toEqual({ status: 200, body: 'hei' })
    }
  })

  it('refuse the tokens of readers, of other Keystones and of nobody', async () => {
    const reader = await keystone.logIn(as(keystone.reader))
    const other = await otherKeystone.logIn()
    for (const url of storeUrls()) {
      expect((await ask('PUT', `${url}/bucket/b`, reader.token, 'no')).status).toBeOneOf([401, 403])
      expect(await ask('GET', `${url}/bucket/ä`, other.token)).toMatchObject({ status: 401 })
      expect(await ask('GET', `${url}/bucket/ä`, 'nobody')).toMatchObject({ status: 401 })
    }
  })

  it('are in the catalogue, for whoever has a password or an application credential', async () => {
    const url = `http://127.0.0.1:1/AUTH_${keystone.projectId}`
    await keystone.setObjectStoreUrl('http://127.0.0.1:1/AUTH_%(project_id)s')
    const applicationCredential = await keystone.makeApplicationCredential({ expiresAt: '2099-01-01T00:00:00' })
    for (const identity of [as(keystone.user), { applicationCredential }]) {
      const login = await keystone.logIn(identity)
      const { catalog } = await login.call<{ catalog: unknown[] }>('GET', '/auth/catalog')
      expect(catalog).toContainEqual(
        expect.objectContaining({ type: 'object-store', endpoints: [expect.objectContaining({ interface: 'public', url })] })
      )
    }
    const wrong = { applicationCredential: { ...applicationCredential, secret: 'wrong' } }
    await expect(keystone.logIn(wrong)).rejects.toThrow('401')
  })

  it('take a token until it expires, and no longer', async () => {
    const { applicationCredential } = keystone
    const { token, expiresAt } = await logIn(await keystone.startShort(6), { applicationCredential })
    for (const url of storeUrls()) expect(await ask('GET', `${url}/bucket/ä`, token)).toEqual({ status: 200, body: 'hei' })
    for (const url of storeUrls()) {
      await vi.waitFor(async () => expect(await ask('GET', `${url}/bucket/ä`, token)).toMatchObject({ status: 401 }), patience)
      expect(Date.now()).toBeGreaterThan(expiresAt.getTime() - 1000)
    }
  })

  it('hear of a revoked token when their cache ends', async () => {
    const login = await otherKeystone.logIn()
    expect(await ask('PUT', `${otherSwift.storageUrl}/bucket`, login.token)).toMatchObject({ status: 201 })
    await login.revoke()
    const isRefused = async () => expect(await ask('GET', otherSwift.storageUrl, login.token)).toMatchObject({ status: 401 })
    await vi.waitFor(isRefused, patience)
  })

  it('speak S3 with their own users, also through the fault proxy, and keep to quotas', async () => {
    const proxy = await startFaultProxy({ host: '127.0.0.1', port: Number(new URL(ceph.s3Url).port) })
    await ceph.admin(['quota', 'set', '--quota-scope=user', `--uid=${ceph.s3User.name}`, '--max-objects=1'])
    await ceph.admin(['quota', 'enable', '--quota-scope=user', `--uid=${ceph.s3User.name}`])
    const script = `import boto3, json, sys
url, other_url, *keys = sys.argv[1:]
def connect(url, key, secret):
    return boto3.client('s3', endpoint_url=url, region_name='default', aws_access_key_id=key, aws_secret_access_key=secret)
def error(call, **arguments):
    try: call(**arguments)
    except Exception as problem: return problem.response['Error']['Code']
owner, other, stranger = connect(url, *keys[:2]), connect(url, *keys[2:]), connect(other_url, *keys[:2])
owner.create_bucket(Bucket='bucket')
owner.put_object(Bucket='bucket', Key='a', Body=b'hei')
print(json.dumps([
    owner.get_object(Bucket='bucket', Key='a')['Body'].read().decode(),
    error(other.get_object, Bucket='bucket', Key='a'),
    error(stranger.get_object, Bucket='bucket', Key='a'),
    error(owner.put_object, Bucket='bucket', Key='b', Body=b'too much')]))`
    const keys = [ceph.s3User, ceph.otherS3User].flatMap((user) => [user.accessKeyId, user.secretAccessKey])
    const seen = await runPython(script, proxy.url, otherCeph.s3Url, ...keys)
    expect(seen).toEqual(['hei', 'AccessDenied', 'NoSuchBucket', 'QuotaExceeded'])
    expect(proxy.requests.map(({ method }) => method)).toContain('PUT')
    await proxy.stop()
  })

  it('lose a daemon when a test wants it', async () => {
    const { token } = await otherKeystone.logIn()
    const url = `${otherSwift.storageUrl}/bucket/a`
    expect(await ask('PUT', url, token, 'hei')).toMatchObject({ status: 201 })
    otherSwift.signal('object', 'SIGKILL')
    await vi.waitFor(async () => expect(await ask('PUT', url, token, 'hei')).toMatchObject({ status: 503 }), patience)
  })

  it('leave nothing behind', async () => {
    const folders = [keystone, otherKeystone, swift, otherSwift, ceph, otherCeph].flatMap(({ directory }) => directory)
    expect(folders.flatMap(processesNaming).length).toBeGreaterThan(10)
    await stopAll()
    expect(folders.flatMap(processesNaming)).toEqual([])
    expect(folders.filter((folder) => existsSync(folder))).toEqual([])
    expect(hostState()).toEqual(before)
  })

  it('end with the process that started them, and their files with them', async () => {
    const code = `import { startCeph } from './ceph.ts'
      import { startKeystone } from './keystone.ts'
      import { startSwift } from './swift.ts'
      const keystone = await startKeystone()
      const servers = [keystone, await startSwift(keystone), await startCeph({ keystone })]
      const pids = servers.flatMap(({ pid, pids }) => pid ?? Object.values(pids))
      console.log(JSON.stringify({ pids, folders: servers.flatMap(({ directory, devices }) => [directory, devices ?? []]).flat() }))
      setInterval(() => {}, 1000)`
    const { child, lines } = inOwnProcess(code)
    const { pids, folders } = JSON.parse((await lines.next()).value ?? '{}') as { pids: number[]; folders: string[] }
    expect(pids.every(isAlive)).toBe(true)
    expect(folders.every((folder) => existsSync(folder))).toBe(true)
    child.kill('SIGKILL')
    await vi.waitFor(() => {
      expect([...pids.filter(isAlive), ...folders.filter((folder) => existsSync(folder))]).toEqual([])
    }, patience)
  })
})
