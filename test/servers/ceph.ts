import { type CephCluster, startCluster } from './ceph-cluster.ts'
import type { KeystoneServer } from './keystone.ts'
import { onFreePort } from './on-free-port.ts'

/** For `requireCommands`. */
export const cephCommands = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'setpriv']

/** Somebody whom the gateway itself knows. */
interface S3User {
  readonly name: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface CephServer {
  /** "http://127.0.0.1:<port>" */
  readonly s3Url: string
  /** "http://127.0.0.1:<port>/swift/v1", for those of the Keystone; "/AUTH_<project id>" follows */
  readonly swiftUrl: string
  readonly s3User: S3User
  /** Has buckets of its own, and may not look into those of the first. */
  readonly otherS3User: S3User
  readonly pids: CephCluster['pids']
  readonly directory: string
  /** Runs radosgw-admin, and answers what it prints. */
  admin(argv: readonly string[]): Promise<string>
  stop(): Promise<void>
}

/**
 * A real RADOS gateway over a cluster of one monitor and one OSD, which keeps everything in memory. It speaks S3 with
 * its own users, and Swift with those of a Keystone.
 */
export async function startCeph({ keystone }: { keystone?: KeystoneServer } = {}): Promise<CephServer> {
  const cluster = await onFreePort((monitorPort) => startCluster(monitorPort, keystone))
  const admin: CephServer['admin'] = (argv) => cluster.run('radosgw-admin', ...argv)
  const s3Url = `http://127.0.0.1:${cluster.gatewayPort}`
  return {
    s3Url,
    swiftUrl: `${s3Url}/swift/v1`,
    s3User: await makeUser(admin, 'maija'),
    otherS3User: await makeUser(admin, 'reijo'),
    pids: cluster.pids,
    directory: cluster.directory,
    admin,
    stop: cluster.stop
  }
}

async function makeUser(admin: CephServer['admin'], name: string): Promise<S3User> {
  const keys = { accessKeyId: `${name}-key`, secretAccessKey: `${name}-secret` }
  const key = [`--access-key=${keys.accessKeyId}`, `--secret=${keys.secretAccessKey}`]
  await admin(['user', 'create', `--uid=${name}`, `--display-name=${name}`, ...key])
  return { name, ...keys }
}
