import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../test/servers/free-port.ts'
import { processesInNamespace } from '../../test/servers/processes.ts'
import { startRedis } from '../../test/servers/redis.ts'
import { type SlurmServer, startSlurm } from '../../test/servers/slurm.ts'
import { type Ask, createRestClient } from '../../test/support/rest-client.ts'
import { startService } from '../../test/support/start-service.ts'
import { raiseJobLimit } from './job-limit.ts'
import { keepTo, processors } from './processors.ts'

/** The one platform, with the settings of a SLURM of which nothing is known. */
export const platform = 'cluster'

/** Lautta as it is deployed, and a real SLURM with a stock sshd, each on its half of the processors as if on another machine. */
export interface Stage {
  slurm: SlurmServer
  ask: Ask
  url: string
  apiKey: string
  submitterPid: number
  /** The platform's entry of lautta.yaml, and in whose name all is done. */
  settings: object
  user: string
  /** What the submitter writes of an order. */
  statusFile(id: string): string
  close(): Promise<void>
}

/** `mostJobs` is how many SLURM takes, 10,000 unless told otherwise. */
export async function openStage({ mostJobs }: { mostJobs?: number } = {}): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'lautta-bench-'))
  const slurm = await startSlurm()
  if (mostJobs !== undefined) await raiseJobLimit(slurm, mostJobs)
  const { stdout: namespace } = await slurm.exec(['readlink', '/proc/self/ns/pid'])
  await keepTo(processors.cluster, processesInNamespace(namespace.trim()))
  await keepTo(processors.ours, [process.pid])
  const redis = await startRedis()
  const [user, apiKey] = ['bench', 'the-key-of-the-benchmark']
  await mkdir(join(folder, 'secrets'))
  const settings = {
    hosts: [{ host: slurm.host, port: slurm.port }],
    'host-keys': slurm.hostKeys,
    credentials: { [user]: { username: slurm.user, 'private-key-file': slurm.privateKeyFile } }
  }
  const configuration = {
    store: { kind: 'folder', path: join(folder, 'store') },
    redis: { url: redis.url },
    'secrets-folder': join(folder, 'secrets'),
    users: [{ name: user, 'api-key': apiKey }],
    platforms: { [platform]: settings }
  }
  await writeFile(join(folder, 'lautta.yaml'), JSON.stringify(configuration))
  const port = await freePort()
  const environment = {
    LAUTTA_CONFIG: join(folder, 'lautta.yaml'),
    LAUTTA_DATA_DIR: join(folder, 'data'),
    LAUTTA_PORT: String(port),
    LAUTTA_PROXY_PORT: '0',
    LAUTTA_MASTER_KEY: 'the-master-key-of-the-benchmark'
  }
  const names = ['forwarder', 'submitter', 'monitor'] as const
  const services = await Promise.all(names.map((name) => startService(name, environment)))
  const url = `http://127.0.0.1:${port}`
  return {
    ...{ slurm, url, apiKey, settings, user, ask: createRestClient(url, apiKey) },
    submitterPid: services[1]?.pid ?? 0,
    statusFile: (id) => join(folder, 'store', `mlch-sub-air-${user}`, 'MANAGEMENT', id, `${platform}.json`),
    async close() {
      await Promise.all(services.map((service) => service.end()))
      await Promise.all([slurm.stop(), redis.stop()])
      await keepTo(processors.all, [process.pid])
      await rm(folder, { recursive: true })
    }
  }
}
