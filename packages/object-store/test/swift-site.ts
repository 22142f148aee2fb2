import { type CephServer, startCeph } from '../../../test/servers/ceph.ts'
import { type FaultProxy, startFaultProxy } from '../../../test/servers/fault-proxy.ts'
import { type KeystoneServer, startKeystone } from '../../../test/servers/keystone.ts'
import { startSwift } from '../../../test/servers/swift.ts'
import type { ObjectStore } from '../src/object-store.ts'
import { createSwiftStore, type SwiftOptions } from '../src/swift/swift-store.ts'

/** Swift's own implementation, and Ceph's. */
export const siteNames = ['Swift', 'RGW'] as const

/** A server of the Swift API, with a proxy in front of it that can do it harm. */
export interface SwiftSite {
  /** As it is configured: with the version, without the account. */
  endpoint: string
  proxy: FaultProxy
  /** The store as the tests' user, directly unless told otherwise. */
  open(options?: Partial<SwiftOptions>): ObjectStore
  /** The account's address, and a token for it. */
  account: readonly [url: string, token: string]
  /** What the API itself answers, in a bucket of the tests' project. */
  ask(method: string, path: string, options?: { headers?: Record<string, string>; body?: string }): Promise<Response>
}

/** One Keystone, and both servers under it. */
export interface SwiftSites {
  keystone: KeystoneServer
  ceph: CephServer
  sites: Readonly<Record<(typeof siteNames)[number], SwiftSite>>
  stop(): Promise<void>
}

export async function startSwiftSites(): Promise<SwiftSites> {
  const keystone = await startKeystone()
  // Swift asks Keystone again each second, so that a revoked token is refused within the test's time.
  const [swift, ceph] = await Promise.all([startSwift(keystone, { tokenCacheSeconds: 1 }), startCeph({ keystone })])
  const sites = {
    Swift: await createSite(keystone, `${swift.url}/v1`),
    RGW: await createSite(keystone, ceph.swiftUrl)
  }
  const stop = async () => {
    await Promise.all(Object.values(sites).map(({ proxy }) => proxy.stop()))
    await Promise.all([swift.stop(), ceph.stop()])
    await keystone.stop()
  }
  return { keystone, ceph, sites, stop }
}

async function createSite(keystone: KeystoneServer, endpoint: string): Promise<SwiftSite> {
  const { hostname, port } = new URL(endpoint)
  const { token, projectId } = await keystone.logIn()
  const open: SwiftSite['open'] = (options = {}) =>
    createSwiftStore({
      name: 'the store',
      authUrl: keystone.authUrl,
      credential: { kind: 'application-credential', ...keystone.applicationCredential },
      endpoint,
      signingKey: Buffer.from('signing-key'),
      ...options
    })
  const account = `${endpoint}/AUTH_${projectId}`
  const ask: SwiftSite['ask'] = (method, path, { headers, body } = {}) =>
    fetch(path === '' ? account : `${account}/${path}`, {
      method,
      headers: { ...headers, 'x-auth-token': token },
      ...(body === undefined ? {} : { body })
    })
  const proxy = await startFaultProxy({ host: hostname, port: Number(port) })
  return { endpoint, proxy, open, account: [account, token], ask }
}

/** A site's address, by way of its proxy. */
export function throughProxy({ endpoint, proxy }: SwiftSite): string {
  return proxy.url + new URL(endpoint).pathname
}
