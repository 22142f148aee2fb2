import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RefusedError, StorageError, type StorageReason } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../test/servers/free-port.ts'
import type { ObjectStore } from '../src/object-store.ts'
import { readObject } from '../src/read-object.ts'
import type { SwiftOptions } from '../src/swift/swift-store.ts'
import { patternOf, streamOf } from './content.ts'
import type { SwiftSite, SwiftSites } from './swift-site.ts'

const bucket = 'mlch-exp-refusals'
const secret = 'a-secret-that-is-wrong'

/** What each refusal is told as, with what to do. */
export function describeRefusals(name: 'Swift' | 'RGW', find: () => SwiftSites): void {
  describe(`a refusal is told as what it is: ${name}`, () => {
    let all: SwiftSites
    let site: SwiftSite
    let store: ObjectStore
    beforeAll(async () => {
      all = find()
      site = all.sites[name]
      store = site.open()
      await store.put(bucket, 'there', Buffer.from('x'))
    })
    afterAll(() => store.close())

    const asWhom = (person: { name: string; password: string }, projectName = all.keystone.projectName) => ({
      kind: 'password' as const,
      userName: person.name,
      password: person.password,
      userDomainName: 'Default',
      projectName,
      projectDomainName: 'Default'
    })
    const failure = async (
      options: Partial<SwiftOptions>,
      act: (store: ObjectStore) => Promise<unknown>
    ): Promise<StorageError> => {
      const opened = site.open(options)
      const error = await act(opened).then(
        () => null,
        (thrown: unknown) => thrown
      )
      await opened.close()
      expect(error).toBeInstanceOf(StorageError)
      expect(`${error}${(error as StorageError).hint}${(error as StorageError).cause}`).not.toContain(secret)
      return error as StorageError
    }
    const expectReason = (error: StorageError, reason: StorageReason, message: RegExp, hint: RegExp) => {
      expect(error).toMatchObject({ reason, message: expect.stringMatching(message), hint: expect.stringMatching(hint) })
    }

    it('a wrong secret', async () => {
      const { id } = all.keystone.applicationCredential
      const error = await failure({ credential: { kind: 'application-credential', id, secret } }, (one) => one.check())
      expectReason(
        error,
        'credentials',
        /does not accept the application credential \w+/,
        /wrong.*expired.*new application credential/
      )
    })
    it('a wrong password', async () => {
      const credential = asWhom({ ...all.keystone.user, password: secret })
      const error = await failure({ credential }, (one) => one.head(bucket, 'there'))
      expectReason(error, 'credentials', /does not let maija into project_2001234/, /password/)
    })
    it('an application credential that has expired', async () => {
      const expiresAt = new Date(Date.now() + 3000).toISOString().slice(0, 19)
      const credential = {
        kind: 'application-credential',
        ...(await all.keystone.makeApplicationCredential({ expiresAt }))
      } as const
      await expect
        .poll(() => failure({ credential }, (one) => one.check()).catch(() => null), { timeout: 20_000 })
        .toMatchObject({ reason: 'credentials', hint: expect.stringMatching(/expired/) })
    })
    it('an unreachable Keystone, and an unreachable store', async () => {
      const nobody = `http://127.0.0.1:${await freePort()}`
      const http = { tries: 2, firstPauseMs: 1 }
      const keystone = await failure({ authUrl: nobody, http }, (one) => one.check())
      expect(keystone).toMatchObject({ reason: 'unavailable', message: expect.stringMatching(/^Keystone at .* does not answer/) })
      const swift = await failure({ endpoint: nobody, http }, (one) => one.list(bucket))
      expect(swift).toMatchObject({ reason: 'unavailable', message: expect.stringMatching(/^the store does not answer/) })
    })
    it('an endpoint at which something else is', async () => {
      const server = createServer((request, response) => {
        if (request.url?.startsWith('/elsewhere'))
          response.writeHead(302, { location: 'https://login.example/?token=hidden' }).end()
        else response.setHeader('content-type', 'text/html').end('<html><title>x</title><h1>Welcome</h1> to our pages</html>')
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const page = await failure({ endpoint: url }, (one) => one.get(bucket, 'there'))
      expectReason(page, 'unavailable', /like something that is no Swift: 200 Welcome to our pages$/, /endpoint/)
      const redirect = await failure({ endpoint: `${url}/elsewhere` }, (one) => one.put(bucket, 'x', Buffer.from('x')))
      expectReason(redirect, 'unavailable', /302 go to https:\/\/login.example\/$/, /endpoint/)
      const keystone = await failure({ authUrl: url }, (one) => one.check())
      expectReason(keystone, 'unavailable', /no Keystone: 200 Welcome to our pages/, /auth-url/)
      server.closeAllConnections()
      server.close()
    })
    it('a region that the catalogue does not have', async () => {
      const error = await failure({ endpoint: undefined, region: 'nowhere' }, (one) => one.check())
      expectReason(error, 'forbidden', /catalogue has no object store in nowhere/, /in these regions: regionOne/)
    })
    it('a role that may not write', async () => {
      const error = await failure({ credential: asWhom(all.keystone.reader) }, (one) => one.put(bucket, 'x', Buffer.from('x')))
      expectReason(error, 'forbidden', /the store (forbids it|does not let this credential in)/, /"member"/)
    })
    it("another project's account", async () => {
      const endpoint = `${site.endpoint}/AUTH_${'f'.repeat(32)}`
      const error = await failure({ endpoint }, (one) => one.put(bucket, 'x', Buffer.from('x')))
      expectReason(error, 'forbidden', /the store forbids it \(PUT mlch-exp-refusals.*403/, /another project/)
    })
    it('a bucket that is full, of bytes and of objects', async () => {
      const full = 'mlch-exp-full'
      await store.put(full, 'kept', Buffer.from('old'))
      for (const quota of ['bytes', 'count']) {
        await site.ask('POST', full, { headers: { [`x-container-meta-quota-${quota}`]: quota === 'bytes' ? '10' : '1' } })
        const contents = [Buffer.alloc(200), streamOf(patternOf(9 * 1024 ** 2))]
        for (const content of contents) {
          const given = content instanceof Buffer ? {} : { usedBytes: 9 * 1024 ** 2 }
          const error = await failure({}, (one) => one.put(full, 'new', content, given))
          expectReason(
            error,
            'quota',
            /the store is full \(PUT mlch-exp-full\/new: 413/,
            /1,000 buckets.*10 TiB.*500,000 objects/
          )
        }
        await site.ask('POST', full, { headers: { [`x-container-meta-quota-${quota}`]: '' } })
      }
      expect((await readObject(store, full, 'kept'))?.toString()).toBe('old')
      expect(await store.head(full, 'new')).toBeNull()
    })
    it('a name that is too long, and one that just fits', async () => {
      await expect(store.put(bucket, 'x'.repeat(1025), Buffer.from('x'))).rejects.toThrow(RefusedError)
      await store.put(bucket, 'x'.repeat(1024), Buffer.from('fits'))
      expect((await readObject(store, bucket, 'x'.repeat(1024)))?.toString()).toBe('fits')
    })
    it('the name of a bucket that the store does not have', async () => {
      await expect(store.put('x'.repeat(300), 'x', Buffer.from('x'))).rejects.toThrow(
        /the store refuses it \(PUT x{300}.*longer than 25\d/
      )
    })
    it('metadata that HTTP can not carry', async () => {
      for (const metadata of [{ 'a b': 'x' }, { ä: 'x' }, { a: 'x\ny' }, { 'lautta-md5': 'x' }])
        await expect(store.put(bucket, 'x', Buffer.from('x'), { metadata })).rejects.toThrow(RefusedError)
    })
    if (name === 'Swift')
      it('metadata that Swift finds too long, in its own words', async () => {
        const metadata = { a: 'x'.repeat(257) }
        await expect(store.put(bucket, 'x', Buffer.from('x'), { metadata })).rejects.toThrow(
          /refuses it .*Metadata value longer than 256/
        )
      })
    if (name === 'RGW')
      it('too many buckets', async () => {
        const user = `${all.keystone.projectId}$${all.keystone.projectId}`
        await all.ceph.admin(['user', 'modify', `--uid=${user}`, '--max-buckets=1'])
        const error = await failure({}, (one) => one.put('mlch-exp-too-many', 'x', Buffer.from('x')))
        await all.ceph.admin(['user', 'modify', `--uid=${user}`, '--max-buckets=1000'])
        expectReason(error, 'quota', /the store is full \(PUT mlch-exp-too-many: 400 TooManyBuckets\)/, /1,000 buckets/)
      })
  })
}
