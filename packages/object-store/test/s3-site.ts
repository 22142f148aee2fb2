import { type CephServer, startCeph } from '../../../test/servers/ceph.ts'
import { type FaultProxy, startFaultProxy } from '../../../test/servers/fault-proxy.ts'
import { createHttpClient } from '../src/http/http-client.ts'
import type { ObjectStore } from '../src/object-store.ts'
import { createS3Client, type S3Client } from '../src/s3/s3-client.ts'
import { createS3Store, type S3Options } from '../src/s3/s3-store.ts'
import { createSigner } from '../src/s3/signer.ts'

/** RGW takes no shorter ones. */
export const partBytes = 5 * 1024 ** 2

/** A server of the S3 API, with a proxy in front of it that can do it harm. */
export interface S3Site {
  ceph: CephServer
  proxy: FaultProxy
  /** The store as the first user, directly unless told otherwise. */
  open(options?: Partial<S3Options>): ObjectStore
  /** What the API itself answers. */
  client: S3Client
  stop(): Promise<void>
}

export async function startS3Site(): Promise<S3Site> {
  const ceph = await startCeph()
  const { hostname: host, port } = new URL(ceph.s3Url)
  const proxy = await startFaultProxy({ host, port: Number(port) })
  const usual = { endpoint: ceph.s3Url, name: 'the store', ...keysOf(ceph.s3User), partBytes }
  const http = createHttpClient({ name: 'the API' })
  return {
    ceph,
    proxy,
    open: (options = {}) => createS3Store({ ...usual, ...options }),
    client: createS3Client({ name: 'the API', endpoint: ceph.s3Url, http, signer: createSigner(usual) }),
    stop: async () => {
      await Promise.all([proxy.stop(), http.close()])
      await ceph.stop()
    }
  }
}

/** RGW takes any region. */
export function keysOf({ accessKeyId, secretAccessKey }: CephServer['s3User']) {
  return { region: 'regionOne', accessKeyId, secretAccessKey }
}
