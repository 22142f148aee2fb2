import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectStore } from '../../packages/object-store/src/object-store.ts'
import { createS3Store } from '../../packages/object-store/src/s3/s3-store.ts'
import { createSwiftStore } from '../../packages/object-store/src/swift/swift-store.ts'
import { startCeph } from '../../test/servers/ceph.ts'
import { freePort } from '../../test/servers/free-port.ts'
import { startKeystone } from '../../test/servers/keystone.ts'
import { startRedis } from '../../test/servers/redis.ts'
import { startService } from '../../test/support/start-service.ts'

/** The bucket that everybody puts into and gets from: pipeline, of the one user. */
export const bucket = 'mlch-pipe-bench'

/** A Ceph RGW, a forwarder over it, and what opens both. */
export interface Stage {
  storageUrl: string
  token: string
  swift: ObjectStore
  s3: ObjectStore
  forwarderUrl: string
  forwarderPid: number
  apiKey: string
  close(): Promise<void>
}

export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'lautta-bench-'))
  const [keystone, redis] = await Promise.all([startKeystone(), startRedis()])
  const ceph = await startCeph({ keystone })
  const { id, secret } = keystone.applicationCredential
  const section = { kind: 'swift', 'auth-url': keystone.authUrl, endpoint: ceph.swiftUrl }
  const store = { ...section, 'application-credential-id': id, 'application-credential-secret': secret }
  const apiKey = 'the-key-of-the-benchmark'
  await writeFile(join(folder, 'lautta.yaml'), JSON.stringify({ store, redis: { url: redis.url } }))
  const port = await freePort()
  const forwarder = await startService('forwarder', {
    LAUTTA_CONFIG: join(folder, 'lautta.yaml'),
    LAUTTA_DATA_DIR: folder,
    LAUTTA_PORT: String(port),
    LAUTTA_PROXY_PORT: '0',
    LAUTTA_USER: 'bench',
    LAUTTA_API_KEY: apiKey,
    LAUTTA_MASTER_KEY: 'the-master-key-of-the-benchmark'
  })
  const swift = createSwiftStore({
    authUrl: keystone.authUrl,
    endpoint: ceph.swiftUrl,
    credential: { kind: 'application-credential', id, secret },
    name: 'Swift',
    signingKey: Buffer.alloc(32)
  })
  const s3 = createS3Store({ endpoint: ceph.s3Url, region: 'us-east-1', ...ceph.s3User })
  await swift.put(bucket, 'first', Buffer.from('x'))
  const { token } = await keystone.logIn()
  return {
    ...{ token, swift, s3, apiKey },
    storageUrl: `${ceph.swiftUrl}/AUTH_${keystone.projectId}`,
    forwarderUrl: `http://127.0.0.1:${port}`,
    forwarderPid: forwarder.pid,
    async close() {
      await forwarder.end()
      await Promise.all([swift.close(), s3.close()])
      await Promise.all([ceph.stop(), redis.stop()])
      await keystone.stop()
      await rm(folder, { recursive: true })
    }
  }
}
