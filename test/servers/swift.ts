import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Child, startChild } from './child.ts'
import { type KeystoneServer, keystoneCommands } from './keystone.ts'
import { listeningPort } from './listening-port.ts'
import { makePrivateFolder } from './private-folder.ts'
import { isAlive } from './processes.ts'
import { configureSwift } from './swift-configuration.ts'
import { makeSwiftDevices } from './swift-devices.ts'

/** For `requireCommands`. */
export const swiftCommands = [...keystoneCommands, 'memcached']

/** The servers that a Swift consists of. */
type SwiftDaemon = 'proxy' | 'account' | 'container' | 'object' | 'memcached'

export interface SwiftServer {
  /** "http://127.0.0.1:<port>" */
  readonly url: string
  /** "http://127.0.0.1:<port>/v1/AUTH_<project id>" */
  readonly storageUrl: string
  readonly pids: Readonly<Record<SwiftDaemon, number>>
  readonly directory: string
  /** Where the objects are. */
  readonly devices: string
  /** To freeze, thaw or kill one of them; none is started again. */
  signal(daemon: SwiftDaemon, signal: NodeJS.Signals): void
  stop(): Promise<void>
}

const program = fileURLToPath(new URL('swift/serve.py', import.meta.url))

/**
 * A real Swift with one copy of everything, and the catalogue of its Keystone names it. A revoked token is good until
 * the proxy asks Keystone again, after `tokenCacheSeconds` (300 is Swift's own default); one that has expired is not.
 */
export async function startSwift(
  keystone: KeystoneServer,
  { tokenCacheSeconds = 300 }: { tokenCacheSeconds?: number } = {}
): Promise<SwiftServer> {
  const { authUrl, projectId } = keystone
  const [folder, devices] = await Promise.all([makePrivateFolder('swift'), makeSwiftDevices()])
  await mkdir(join(devices.path, 'd1'))
  const memcached = await startMemcached(folder.path)
  const settings = { folder: folder.path, devices: devices.path, memcachedPort: memcached.port }
  await configureSwift({ ...settings, authUrl, tokenCacheSeconds })
  const servers = await startServers(folder.path)
  const url = `http://127.0.0.1:${servers.ports.proxy}`
  await keystone.setObjectStoreUrl(`${url}/v1/AUTH_%(project_id)s`)
  const pids = { ...servers.pids, memcached: memcached.child.pid }
  return {
    url,
    storageUrl: `${url}/v1/AUTH_${projectId}`,
    pids,
    directory: folder.path,
    devices: devices.path,
    signal: (daemon, signal) => void process.kill(pids[daemon], signal),
    stop: async () => {
      await Promise.all([servers.child.kill(), memcached.child.kill()])
      while (Object.values(pids).some(isAlive)) await pause(5)
      await Promise.all([folder.remove(), devices.remove()])
    }
  }
}

async function startMemcached(folder: string): Promise<{ child: Child; port: number }> {
  const onFreePort = ['-l', '127.0.0.1', '-p', '-1', '-U', '0', '-m', '32', '-u', 'root']
  const child = await startChild(['memcached', ...onFreePort], join(folder, 'memcached.log'))
  return { child, port: await child.until(() => listeningPort(child.pid)) }
}

interface SwiftServers {
  readonly child: Child
  readonly pids: Readonly<Record<Exclude<SwiftDaemon, 'memcached'>, number>>
  readonly ports: Readonly<Record<Exclude<SwiftDaemon, 'memcached'>, number>>
}

async function startServers(folder: string): Promise<SwiftServers> {
  const child = await startChild(['/usr/bin/python3', program, folder], join(folder, 'swift.log'))
  const published = () => readFile(join(folder, 'servers.json'), 'utf8').catch(() => undefined)
  const { pids, ports } = JSON.parse(await child.until(published)) as Omit<SwiftServers, 'child'>
  const check = (port: number) => fetch(`http://127.0.0.1:${port}/healthcheck`, { method: 'HEAD' })
  await child.until(() => Promise.all(Object.values(ports).map(check)).catch(() => undefined))
  return { child, pids, ports }
}
