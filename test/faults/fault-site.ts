import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CephServer, startCeph } from '../servers/ceph.ts'
import { type FaultProxy, startFaultProxy } from '../servers/fault-proxy.ts'
import { freePort } from '../servers/free-port.ts'
import { isAlive } from '../servers/processes.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { type SlurmServer, startSlurm } from '../servers/slurm.ts'
import { startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.ts'
import { type Ask, createRestClient } from '../support/rest-client.ts'
import { type ServiceProcess, startService } from '../support/start-service.ts'
import { until } from '../support/until.ts'

type ServiceName = 'forwarder' | 'submitter' | 'monitor'

/** A service that may be killed at any moment, with ways of its own to the store and to the platform. */
export interface FaultyService {
  readonly store: FaultProxy
  readonly ssh: TcpProxy
  /** SIGKILL, and a new process in its place. */
  killAndRestart(): Promise<void>
  /** To its present process, if that lives. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** What its processes printed. */
  output(): string
  stop(): Promise<void>
}

/** Lautta as it is deployed, with two submitters, in a world that can be broken at every edge. */
export interface FaultSite {
  readonly slurm: SlurmServer
  readonly redis: RedisServer
  readonly forwarder: FaultyService
  readonly monitor: FaultyService
  readonly submitters: readonly [FaultyService, FaultyService]
  readonly leaseMs: number
  readonly sbatchSeconds: number
  /** Asks as user@example.com, again while nobody answers or the store is away, as a patient notebook does. */
  readonly ask: Ask
  stop(): Promise<void>
}

const apiKey = 'the-key-of-a-user-of-the-story'
const user = 'user@example.com'
const leaseSeconds = 4
const sbatchSeconds = 6

/** The platform is mahti, a real SLURM; the store is a real Ceph, over S3. Waits are as short as they can be. */
export async function startFaultSite(): Promise<FaultSite> {
  const folder = await mkdtemp(join(tmpdir(), 'lautta-faults-'))
  const [slurm, redis, ceph] = await Promise.all([startSlurm(), startRedis(), startCeph()])
  await mkdir(join(folder, 'secrets'))
  await giveOwnDisk(slurm)
  const port = await freePort()
  const running = new Set<FaultyService>()

  const settingsOf = (store: FaultProxy, ssh: TcpProxy) => ({
    store: { kind: 's3', endpoint: store.url, ...keysOf(ceph) },
    redis: { url: redis.url },
    'secrets-folder': join(folder, 'secrets'),
    'lease-seconds': leaseSeconds,
    users: [{ name: user, 'api-key': apiKey }],
    platforms: {
      mahti: {
        profile: 'slurm',
        hosts: [{ host: ssh.host, port: ssh.port }],
        'host-keys': slurm.hostKeys,
        'poll-seconds': 1,
        'sbatch-seconds': sbatchSeconds,
        'settle-seconds': 1,
        credentials: { [user]: { username: slurm.user, 'private-key-file': slurm.privateKeyFile } }
      }
    }
  })
  const start = async (name: ServiceName): Promise<FaultyService> => {
    const { hostname: host, port: storePort } = new URL(ceph.s3Url)
    const [store, ssh] = await Promise.all([startFaultProxy({ host, port: Number(storePort) }), startTcpProxy(slurm)])
    // YAML reads JSON.
    const config = join(folder, `${name}-${ssh.port}.yaml`)
    await writeFile(config, JSON.stringify(settingsOf(store, ssh)))
    const launch = () =>
      startService(name, {
        LAUTTA_CONFIG: config,
        LAUTTA_DATA_DIR: join(folder, 'data'),
        LAUTTA_PORT: String(port),
        LAUTTA_PROXY_PORT: '0',
        LAUTTA_MASTER_KEY: 'the-master-key-of-the-story'
      })
    const processes = [await launch()]
    // One after the other: two faults may strike the same service.
    let turn: Promise<unknown> = Promise.resolve()
    const present = (): ServiceProcess | undefined => processes.at(-1)
    const service: FaultyService = {
      ...{ store, ssh },
      async killAndRestart() {
        const next = turn.then(async () => {
          await present()?.end('SIGKILL')
          processes.push(await launch())
        })
        turn = next
        await next
      },
      signal(signal) {
        const pid = present()?.pid ?? 0
        if (isAlive(pid)) process.kill(pid, signal)
      },
      output: () => processes.map((one) => one.output()).join(''),
      async stop() {
        await turn
        await present()?.end('SIGKILL')
        await Promise.all([store.stop(), ssh.stop()])
      }
    }
    running.add(service)
    return service
  }
  const [forwarder, monitor, first, second] = await Promise.all([
    start('forwarder'),
    start('monitor'),
    start('submitter'),
    start('submitter')
  ])
  return {
    ...{ slurm, redis, forwarder, monitor, sbatchSeconds },
    submitters: [first, second],
    leaseMs: leaseSeconds * 1000,
    ask: askPatiently(createRestClient(`http://127.0.0.1:${port}`, apiKey)),
    async stop() {
      await Promise.all([...running].map((service) => service.stop()))
      await Promise.all([slurm.stop(), redis.stop(), ceph.stop()])
      await rm(folder, { recursive: true })
    }
  }
}

function keysOf({ s3User }: CephServer): object {
  return { 'access-key-id': s3User.accessKeyId, 'secret-access-key': s3User.secretAccessKey }
}

function askPatiently(ask: Ask): Ask {
  return (path, init) =>
    until(async () => {
      const answer = await ask(path, init).catch(() => null)
      return answer?.status === 503 ? null : answer
    }, 200)
}

/** ~/.lautta on a small disk of its own, as a quota would make it: one that can be filled. */
async function giveOwnDisk(slurm: SlurmServer): Promise<void> {
  const mount = 'mkdir /users/csc/.lautta && mount -t tmpfs -o size=16m,mode=777 tmpfs /users/csc/.lautta'
  const { exitCode, stderr } = await slurm.exec(['sh', '-c', mount], { as: 'root' })
  if (exitCode !== 0) throw new Error(stderr)
}
