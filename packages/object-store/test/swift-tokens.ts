import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../../../test/servers/fault-proxy.ts'
import { administrator } from '../../../test/servers/keystone-seed.ts'
import type { ObjectStore } from '../src/object-store.ts'
import { readObject } from '../src/read-object.ts'
import type { SwiftOptions } from '../src/swift/swift-store.ts'
import { patternOf, streamOf } from './content.ts'
import type { SwiftSites } from './swift-site.ts'

const bucket = 'mlch-exp-tokens'

/** Logins are counted at a proxy in front of Keystone. */
export function describeTokens(find: () => SwiftSites): void {
  describe('a token', () => {
    let all: SwiftSites
    let proxy: FaultProxy
    beforeAll(async () => {
      all = find()
      proxy = await proxyOf(all.keystone.authUrl)
    })
    afterAll(() => proxy.stop())
    const proxyOf = (authUrl: string) => {
      const { hostname, port } = new URL(authUrl)
      return startFaultProxy({ host: hostname, port: Number(port) })
    }
    const open = (options: Partial<SwiftOptions> = {}) => all.sites.Swift.open({ authUrl: `${proxy.url}/v3`, ...options })
    const password = (): SwiftOptions['credential'] => ({
      kind: 'password',
      userName: all.keystone.user.name,
      password: all.keystone.user.password,
      userDomainName: 'Default',
      projectName: all.keystone.projectName,
      projectDomainName: 'Default'
    })
    const loginsDuring = async (act: () => Promise<unknown>): Promise<number> => {
      const before = proxy.requests.length
      await act()
      return proxy.requests.length - before
    }
    /** Tokens from before are good for nothing any more, and Swift finds that out within a second. */
    const revokeAll = async () => {
      const admin = await all.keystone.logIn(administrator)
      const person = { ...all.keystone.user, project: all.keystone.projectName }
      const { userId } = await all.keystone.logIn(person)
      for (const enabled of [false, true]) await admin.call('PATCH', `/users/${userId}`, { user: { enabled } })
      // One from the same second would be revoked with the others.
      await expect
        .poll(
          async () => {
            const [url] = all.sites.Swift.account
            const { token } = await all.keystone.logIn(person)
            return (await fetch(url, { method: 'HEAD', headers: { 'x-auth-token': token } })).status
          },
          { timeout: 20_000, interval: 200 }
        )
        .toBe(204)
    }
    const manyAtOnce = (store: ObjectStore) =>
      Promise.all(Array.from({ length: 20 }, (_, index) => store.head(bucket, `${index}`)))

    it('is fetched once for all requests that need it', async () => {
      const store = open()
      expect(await loginsDuring(() => manyAtOnce(store))).toBe(1)
      expect(await loginsDuring(() => manyAtOnce(store))).toBe(0)
      await store.close()
    })
    it('is fetched again when Keystone could not give one at first', async () => {
      const store = open({ http: { firstPauseMs: 1 } })
      proxy.failNext(2, 503)
      expect(await loginsDuring(() => store.check())).toBe(3)
      await store.close()
    })
    it('that is not accepted any more is replaced once for all requests', async () => {
      const store = open({ credential: password() })
      await store.put(bucket, 'x', Buffer.from('before'))
      await revokeAll()
      const logins = await loginsDuring(async () => {
        const before = proxy.requests.length
        // Swift may know the old one for a second more.
        while (proxy.requests.length === before) await manyAtOnce(store)
        await manyAtOnce(store)
        await store.put(bucket, 'x', Buffer.from('after'))
      })
      expect(logins).toBe(1)
      expect((await readObject(store, bucket, 'x'))?.toString()).toBe('after')
      await store.close()
    })
    it('that is not accepted any more ends a stream, which can not be sent twice, and the next one goes well', async () => {
      const store = open({ credential: password() })
      const content = patternOf(9 * 1024 ** 2)
      const put = () => store.put(bucket, 'stream', streamOf(content), { usedBytes: content.length })
      await put()
      await revokeAll()
      const said = await untilRejected(put)
      expect(`${said}`).toMatch(/can not be sent twice: try again|does not answer/)
      await put()
      await store.close()
    })
    it('is not asked for again at once with a credential that Keystone refuses', async () => {
      const { id } = all.keystone.applicationCredential
      const store = open({ credential: { kind: 'application-credential', id, secret: 'wrong' } })
      const logins = await loginsDuring(async () => {
        for (let round = 0; round < 5; round++) await expect(store.check()).rejects.toMatchObject({ reason: 'credentials' })
      })
      expect(logins).toBe(1)
      await store.close()
    })
    it('of 20 seconds is renewed before its end, and while that fails goes on to its end', { timeout: 60_000 }, async () => {
      const short = await proxyOf(await all.keystone.startShort(20))
      const options = { authUrl: short.url, http: { tries: 2, firstPauseMs: 1 } }
      const stores = [all.sites.Swift.open(options), all.sites.RGW.open(options)]
      const began = performance.now()
      const seconds = () => (performance.now() - began) / 1000
      const putAll = () => Promise.all(stores.map((store) => store.put(bucket, 'short', Buffer.from('x'))))
      await putAll()
      // One for each of the two stores.
      expect(short.requests).toHaveLength(2)
      short.failNext(1000, 503)
      let renewedAfter = Number.POSITIVE_INFINITY
      while (seconds() < 21) {
        if (seconds() > 19) short.pass()
        await putAll()
        if (short.requests.length > 2) renewedAfter = Math.min(renewedAfter, seconds())
        await pause(50)
      }
      expect(renewedAfter).toBeGreaterThan(17.5)
      expect(renewedAfter).toBeLessThan(20)
      // Some in vain, and one for each.
      expect(short.requests.length).toBeGreaterThan(4)
      for (const store of stores) await store.close()
      await short.stop()
    })
  })
}

async function untilRejected(act: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    try {
      await act()
    } catch (error) {
      return error
    }
  }
}
