import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cephConfiguration } from './ceph-configuration.ts'
import { type Child, startChild } from './child.ts'
import type { KeystoneServer } from './keystone.ts'
import { listeningPort } from './listening-port.ts'
import { makePrivateFolder } from './private-folder.ts'
import { outputOf } from './run.ts'

/** The daemons of a Ceph, and where its gateway listens. */
export interface CephCluster {
  readonly directory: string
  readonly gatewayPort: number
  readonly pids: Readonly<Record<'mon' | 'osd' | 'rgw', number>>
  /** Runs one of Ceph's own commands on it, and answers what that prints. */
  run(...argv: string[]): Promise<string>
  stop(): Promise<void>
}

/** One attempt to start a monitor, an OSD and a gateway; it fails when another process has the monitor's port. */
export async function startCluster(monitorPort: number, keystone: KeystoneServer | undefined): Promise<CephCluster> {
  const { path, remove } = await makePrivateFolder('ceph')
  const file = join(path, 'ceph.conf')
  const runHere = (...argv: string[]) => outputOf([...argv, '-c', file])
  const children: Child[] = []
  const start = async (name: string, ...id: string[]) => {
    const child = await startChild([name, ...id, '-c', file, '-f'], join(path, `${name}.out`))
    children.push(child)
    return child
  }
  const stop = async () => {
    await Promise.all(children.map((child) => child.kill()))
    await remove()
  }
  try {
    await writeFile(file, cephConfiguration({ folder: path, monitorPort, keystone }))
    await makeStores(path, monitorPort, runHere)
    const mon = await start('ceph-mon', '-i', 'a')
    // It gives up when the port is taken, and the others would wait for it.
    await mon.until(() => listeningPort(mon.pid))
    const osd = await start('ceph-osd', '-i', '0')
    const rgw = await start('radosgw', '-n', 'client.rgw')
    const gatewayPort = await rgw.until(() => listeningPort(rgw.pid))
    return { directory: path, gatewayPort, pids: { mon: mon.pid, osd: osd.pid, rgw: rgw.pid }, run: runHere, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

// The OSD makes itself known to the monitor, and the gateway makes its pools.
async function makeStores(folder: string, monitorPort: number, runHere: CephCluster['run']): Promise<void> {
  const inFolder = (name: string) => join(folder, name)
  const id = randomUUID()
  for (const name of ['mon', 'osd']) await mkdir(inFolder(name))
  await writeFile(inFolder('keyring'), '')
  const address = `[v2:127.0.0.1:${monitorPort}]`
  await runHere('monmaptool', '--create', '--fsid', id, '--addv', 'a', address, inFolder('monmap'))
  await runHere('ceph-mon', '-i', 'a', '--mkfs', '--monmap', inFolder('monmap'))
  await runHere('ceph-osd', '-i', '0', '--mkfs', '--no-mon-config', '--fsid', id)
}
