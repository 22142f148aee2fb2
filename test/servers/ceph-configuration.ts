import { join } from 'node:path'
import { ini } from './ini.ts'
import type { KeystoneServer } from './keystone.ts'
import { storeService } from './keystone-seed.ts'

export interface CephConfiguration {
  readonly folder: string
  readonly monitorPort: number
  readonly keystone: KeystoneServer | undefined
}

/** The whole of a cluster's configuration file. */
export function cephConfiguration({ folder, monitorPort, keystone }: CephConfiguration): string {
  const inCrc = ['mon client', 'mon service', 'mon cluster', 'client', 'cluster', 'service'].map((who) => [
    `ms ${who} mode`,
    'crc'
  ])
  const withoutAuth = ['cluster', 'service', 'client'].map((who) => [`auth ${who} required`, 'none'])
  return ini({
    global: {
      'mon host': `v2:127.0.0.1:${monitorPort}`,
      'public addr': '127.0.0.1',
      'cluster addr': '127.0.0.1',
      'ms bind msgr1': false,
      // Without keys only this works: a gateway that insists on encryption waits for ever.
      ...Object.fromEntries([...withoutAuth, ...inCrc]),
      ...files(folder),
      // Votes are taken at once: a start makes a dozen changes to the maps, and each would wait for up to a second.
      'paxos propose interval': 0.01,
      'paxos min wait': 0.01,
      // Nor do clients wait for five seconds until they ask again whether the OSD is there.
      'objecter tick interval': 0.05,
      'osd objectstore': 'memstore',
      'memstore device bytes': 8 * 1024 ** 3,
      'osd pool default size': 1,
      'osd pool default pg num': 1,
      'osd crush chooseleaf type': 0
    },
    'client.rgw': gateway(keystone)
  })
}

function files(folder: string): Record<string, string | boolean> {
  return {
    'run dir': folder,
    'crash dir': folder,
    keyring: join(folder, 'keyring'),
    'mon data': join(folder, 'mon'),
    'osd data': join(folder, 'osd'),
    'rgw data': folder,
    'admin socket': join(folder, '$name.socket'),
    'log file': join(folder, '$name.log'),
    'mon cluster log file': join(folder, 'cluster.log')
  }
}

function gateway(keystone: KeystoneServer | undefined): Record<string, string | number | boolean> {
  // Without tcp_nodelay each small answer on a connection that is kept takes 44 ms.
  const frontend = {
    'rgw frontends': 'beast endpoint=127.0.0.1:0 tcp_nodelay=1',
    'debug rgw': 0,
    // What large objects leave when they are overwritten would fill the memory for hours, and a full store blocks.
    'rgw gc obj min wait': 0,
    'rgw gc processor period': 1
  }
  if (keystone === undefined) return frontend
  return {
    ...frontend,
    'rgw keystone url': keystone.authUrl.replace(/\/v3$/, ''),
    'rgw keystone api version': 3,
    'rgw keystone admin user': storeService.name,
    'rgw keystone admin password': storeService.password,
    'rgw keystone admin project': storeService.project,
    'rgw keystone admin domain': 'Default',
    'rgw keystone accepted roles': 'admin, member',
    'rgw keystone implicit tenants': true,
    'rgw swift account in url': true
  }
}
