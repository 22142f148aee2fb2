import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveKey } from '../../packages/core/src/derive-key.ts'
import { forwardServices } from '../../packages/core/src/documents/forward-document.ts'
import { createFolderStore } from '../../packages/object-store/src/folder/folder-store.ts'
import { createManagement, type Management } from '../../packages/object-store/src/management.ts'
import { freePort } from '../servers/free-port.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { type SlurmOptions, type SlurmServer, startSlurm } from '../servers/slurm.ts'
import { type Ask, createRestClient } from './rest-client.ts'
import { type ServiceProcess, startService } from './start-service.ts'

const serviceNames = ['forwarder', 'submitter', 'monitor'] as const
type ServiceName = (typeof serviceNames)[number]

/** Lautta as it is deployed: three processes and Redis, and platforms of a real SLURM with sshd. */
export interface LauttaOnSlurm {
  slurm: SlurmServer
  redis: RedisServer
  services: Record<ServiceName, ServiceProcess>
  url: string
  /** The key of user@example.com. */
  apiKey: string
  /** Asks as user@example.com. */
  ask: Ask
  /** Asks as an administrator, who has a key to the same platforms. */
  askAsAdmin: Ask
  /** Starts a service that was ended, or one more of its kind. */
  start(name: ServiceName): Promise<ServiceProcess>
  user: string
  /** The user's documents, as the services read and write them. */
  management: Management
  /** A file of one of the user's buckets. */
  objectFile(target: 'pipe' | 'sub-air', path: string): string
  /** The user's folder of secrets. */
  secretsFolder: string
  stop(): Promise<void>
}

const apiKey = 'the-key-of-a-user-of-the-story'
const adminKey = 'the-key-of-an-administrator-of-the-story'
const masterKey = 'the-master-key-of-the-story'
const user = 'user@example.com'
const admin = 'admin@example.com'
const slug = 'user-example-com'

/**
 * puhti and mahti are the test SLURM; atlas is a host that is down; to lumi nobody has a key. `configureMahti` answers
 * further settings of mahti.
 */
export async function startLauttaOnSlurm(
  configureMahti: (slurm: SlurmServer) => object | Promise<object> = () => ({}),
  slurmOptions: SlurmOptions = {}
): Promise<LauttaOnSlurm> {
  const folder = await mkdtemp(join(tmpdir(), 'lautta-story-'))
  const [slurm, redis] = await Promise.all([startSlurm(slurmOptions), startRedis()])
  const secretsFolder = join(folder, 'secrets', slug)
  await mkdir(secretsFolder, { recursive: true })
  const credential = { username: slurm.user, 'private-key-file': slurm.privateKeyFile }
  const credentials = { [user]: credential, [admin]: credential }
  const [port, first, metrics] = [await freePort(), await freePort(forwardServices.length * 2), await freePort(4)]
  const address = { hosts: [{ host: slurm.host, port: slurm.port }], 'host-keys': slurm.hostKeys }
  // Not CSC's: their platforms are asked seldom.
  const platform = { profile: 'slurm', ...address, preamble: ['module use /users/csc/modules'], 'poll-seconds': 1 }
  const settings = {
    store: { kind: 'folder', path: join(folder, 'store') },
    redis: { url: redis.url },
    // A Redis that has just started is left alone for as long.
    'lease-seconds': 6,
    'secrets-folder': join(folder, 'secrets'),
    // Two for each service, four for metrics: those of two nodes, of the autoscaler and of the dashboard.
    forwards: {
      ports: {
        ...Object.fromEntries(forwardServices.map((one, index) => [one, `${first + 2 * index}-${first + 2 * index + 1}`])),
        metrics: `${metrics}-${metrics + 3}`
      }
    },
    users: [
      { name: user, 'api-key': apiKey, 'adopt-from-bucket': true },
      { name: admin, 'api-key': adminKey, admin: true }
    ],
    platforms: {
      puhti: { ...platform, credentials },
      mahti: { ...platform, credentials, ...(await configureMahti(slurm)) },
      lumi: platform,
      atlas: { ...address, hosts: [{ host: '127.0.0.1', port: await freePort() }], 'poll-seconds': 1, credentials }
    }
  }
  // YAML reads JSON.
  await writeFile(join(folder, 'lautta.yaml'), JSON.stringify(settings))
  const environment = {
    LAUTTA_CONFIG: join(folder, 'lautta.yaml'),
    LAUTTA_DATA_DIR: join(folder, 'data'),
    LAUTTA_PORT: String(port),
    LAUTTA_PROXY_PORT: '0',
    LAUTTA_MASTER_KEY: masterKey
  }
  const running = new Set<ServiceProcess>()
  const start = async (name: ServiceName): Promise<ServiceProcess> => {
    const service = await startService(name, environment)
    running.add(service)
    return service
  }
  const [forwarder, submitter, monitor] = await Promise.all(serviceNames.map(start))
  return {
    ...{ slurm, redis, start, secretsFolder },
    services: { forwarder: forwarder!, submitter: submitter!, monitor: monitor! },
    ...{ url: `http://127.0.0.1:${port}`, apiKey },
    ask: createRestClient(`http://127.0.0.1:${port}`, apiKey),
    askAsAdmin: createRestClient(`http://127.0.0.1:${port}`, adminKey),
    ...{ user, management: openDocuments(join(folder, 'store')) },
    objectFile: (target, path) => join(folder, 'store', `mlch-${target}-${slug}`, path),
    async stop() {
      await Promise.all([...running].map((service) => service.end()))
      await Promise.all([slurm.stop(), redis.stop()])
      await rm(folder, { recursive: true })
    }
  }
}

function openDocuments(path: string): Management {
  const documentKey = deriveKey(masterKey, 'documents')
  const onIgnored = (error: Error) => {
    throw error
  }
  return createManagement({ store: createFolderStore(path), bucketPrefix: 'mlch', documentKey, slugOf: () => slug, onIgnored })
}
