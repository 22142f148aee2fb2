import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { type EmbeddedRedis, startEmbeddedRedis } from '@lautta/queue/embedded-redis'
import { type Config, loadConfig } from '@lautta/runtime/config'
import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import { createRestClient, type RestAnswer } from '../../../test/support/rest-client.ts'
import { createForwarder } from '../src/create-forwarder.ts'

/** Platforms that are Ray clusters. */
export const rayClusters = ['compose', 'kuberay', 'laptop'] as const

/** A forwarder over a real Redis and a store, a folder mostly, without anybody behind it. */
export interface TestApi {
  url: string
  folder: string
  config: Config
  redis: EmbeddedRedis
  /** Where an object of the user `local` lies in the folder. */
  fileOf(bucket: 'pipe' | 'exp' | 'sub-air', path: string): string
  /** What lies in the store's folder of uploads under way. */
  unfinished(): Promise<string[]>
  /** A request with a user's key; the second of two users is `other`. */
  ask(path: string, init?: RequestInit & { as?: 'local' | 'other' | 'nobody' }): Promise<RestAnswer>
  close(): Promise<void>
}

interface TestApiOptions {
  /** A folder of its own when absent. */
  store?: Config['store']
  publicUrl?: string
  /** Of lautta.yaml. */
  platforms?: object
  silenceMs?: number
  /** What the forwarder gets in place of its store: the same one, with an eye on it. */
  watch?: (store: ObjectStore) => ObjectStore
  /** The same for the documents. */
  watchDocuments?: (management: Management) => Management
}

const keys = { local: 'key-of-the-local-user', other: 'key-of-another-user', nobody: 'a-key-that-nobody-has' }

export async function openTestApi({
  store,
  publicUrl,
  platforms,
  watch = (one) => one,
  watchDocuments = (one) => one,
  ...options
}: TestApiOptions = {}): Promise<TestApi> {
  const folder = await mkdtemp(join(tmpdir(), 'lautta-api-'))
  const settings = {
    ...(publicUrl && { 'public-url': publicUrl }),
    ...(platforms && { platforms }),
    'ray-clusters': Object.fromEntries(rayClusters.map((name) => [name, { dashboard: `http://${name}.example.com:8265` }]))
  }
  // YAML reads JSON.
  await writeFile(join(folder, 'lautta.yaml'), JSON.stringify(settings))
  const base = loadConfig(
    { standalone: true },
    {
      LAUTTA_CONFIG: join(folder, 'lautta.yaml'),
      LAUTTA_DATA_DIR: folder,
      LAUTTA_PORT: '0',
      LAUTTA_API_KEY: keys.local
    }
  )
  const config = {
    ...base,
    ...(store && { store }),
    users: [
      ...base.users,
      {
        name: 'Other@Example.com',
        slug: 'other-example-com',
        isAdmin: false,
        apiKey: keys.other,
        adoptsFromBucket: false,
        adoptsForThisMachine: false
      }
    ]
  }
  const redis = await startEmbeddedRedis()
  const logger = createLogger('silent')
  const installation = openInstallation(config, logger)
  const forwarder = await createForwarder({
    config,
    installation: { store: watch(installation.store), management: watchDocuments(installation.management) },
    redis,
    logger,
    isAlone: true,
    ...options
  })
  return {
    ...{ url: forwarder.url, folder, config, redis },
    fileOf: (bucket, path) => join(folder, 'store', `mlch-${bucket}-local`, path),
    async unfinished() {
      const entries = await readdir(join(folder, 'store/.tmp'), { withFileTypes: true, recursive: true }).catch(() => [])
      return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
    },
    ask: (path, { as = 'local', ...init } = {}) => createRestClient(forwarder.url, keys[as])(path, init),
    async close() {
      await forwarder.close()
      await redis.stop()
      await rm(folder, { recursive: true })
    }
  }
}
