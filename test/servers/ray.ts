import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Child, startChild } from './child.ts'
import { freePort } from './free-port.ts'
import { makePrivateFolder } from './private-folder.ts'

/** Ray's own command, which test/servers/install-ray installs. */
export const rayCommand = fileURLToPath(new URL('../../.test/ray/bin/ray', import.meta.url))

/** The Python of that Ray. */
export const rayPython = join(dirname(rayCommand), 'python')

/** What the test Ray needs. */
export const rayCommands = [rayCommand, 'unshare', 'setpriv']

/** A real Ray cluster of this machine, whose nodes share its address. */
export interface RayServer {
  /** `http://…` of the dashboard, which is also the Jobs API. */
  readonly dashboard: string
  /** `ray://…` of the head, for Ray's client. */
  readonly client: string
  /** `http://…` where Ray Serve is to listen: nothing does until a Ray job starts it with this port. */
  readonly serve: string
  /** `http://…` where each node tells its metrics to Prometheus, the head's first. */
  readonly metrics: readonly string[]
  /** `host:port` that drivers and further nodes connect to. */
  readonly address: string
  readonly token: string
  /** A file with the token and nothing else, mode 0600. */
  readonly tokenFile: string
  /** All that the nodes write, their logs too. */
  readonly folder: string
  /** Ends all processes of a worker at once, those of its tasks too, as if its machine had died. */
  killWorker(index: number): Promise<void>
  /** Ends all nodes at once; the folder stays. */
  kill(): Promise<void>
  /** A new cluster on the same ports, which knows nothing of the one before. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface RayOptions {
  /** Nodes besides the head. */
  workers?: number
  /** Of each node. */
  cpus?: number
  token?: string
  /** Further variables of all nodes, such as Ray's own settings. */
  environment?: Readonly<Record<string, string>>
}

interface Ports {
  readonly gcs: number
  readonly dashboard: number
  readonly client: number
  readonly serve: number
  readonly metrics: readonly number[]
}

const fewestPorts = 4
// With the name of Ray's session behind it a socket's path must stay below 108 bytes, whatever TMPDIR is.
const shortParent = '/tmp'

/** Tests of Ray jobs need a cluster that they may kill and restart. It asks for a token, as every one of ours does. */
export async function startRay(options: RayOptions = {}): Promise<RayServer> {
  const { workers = 0, token = randomBytes(24).toString('hex') } = options
  const folder = await makePrivateFolder('ray', shortParent)
  const tokenFile = join(folder.path, 'token')
  await writeFile(tokenFile, token, { mode: 0o600 })
  const launched = await onFreePorts(workers, (ports) => launch(ports, { ...options, folder: folder.path, token })).catch(
    async (error) => {
      await folder.remove()
      throw error
    }
  )
  const { ports } = launched
  let { nodes } = launched
  const at = (port: number, scheme = 'http') => `${scheme}://127.0.0.1:${port}`
  const kill = async () => {
    await Promise.all(nodes.splice(0).map((node) => node.kill()))
  }
  return {
    dashboard: at(ports.dashboard),
    client: at(ports.client, 'ray'),
    serve: at(ports.serve),
    metrics: ports.metrics.map((port) => at(port)),
    address: `127.0.0.1:${ports.gcs}`,
    token,
    tokenFile,
    folder: folder.path,
    killWorker: async (index) => nodes[index + 1]?.kill(),
    kill,
    restart: async () => {
      await kill()
      nodes = await launch(ports, { ...options, folder: folder.path, token })
    },
    stop: async () => {
      await kill()
      await folder.remove()
    }
  }
}

async function onFreePorts(
  workers: number,
  start: (ports: Ports) => Promise<Child[]>
): Promise<{ ports: Ports; nodes: Child[] }> {
  for (let left = 2; ; left--) {
    const first = await freePort(fewestPorts + workers + 1)
    const metrics = Array.from({ length: workers + 1 }, (_, index) => first + fewestPorts + index)
    const ports = { gcs: first, dashboard: first + 1, client: first + 2, serve: first + 3, metrics }
    try {
      return { ports, nodes: await start(ports) }
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

interface Launch extends RayOptions {
  folder: string
  token: string
}

async function launch(ports: Ports, options: Launch): Promise<Child[]> {
  const { workers = 0, token } = options
  const own = ['--head', '--port', ports.gcs, '--dashboard-port', ports.dashboard, '--ray-client-server-port', ports.client]
  const nodes = [await startNode('head', [...own, '--metrics-export-port', ports.metrics[0] ?? 0], options)]
  const awaitNodes = (child: Child | undefined) =>
    child?.until(async () => {
      if ((await countNodes(ports.dashboard, token)) === nodes.length) return true
      await pause(100)
      return undefined
    })
  try {
    await awaitNodes(nodes[0])
    for (let index = 1; index <= workers; index++) {
      const joining = ['--address', `127.0.0.1:${ports.gcs}`, '--metrics-export-port', ports.metrics[index] ?? 0]
      nodes.push(await startNode(`worker-${index}`, joining, options))
    }
    await awaitNodes(nodes.at(-1))
    return nodes
  } catch (error) {
    await Promise.all(nodes.map((node) => node.kill()))
    throw error
  }
}

/** Ray leaves daemons behind when its parent dies; out of a process namespace nothing gets. */
function startNode(name: string, own: readonly (string | number)[], options: Launch): Promise<Child> {
  const { folder, cpus = 2, environment = {} } = options
  const variables = {
    // As in a venv that is activated: `python` of an entrypoint is the one that has Ray.
    PATH: `${dirname(rayCommand)}:${process.env.PATH}`,
    RAY_AUTH_MODE: 'token',
    RAY_AUTH_TOKEN_PATH: join(folder, 'token'),
    RAY_USAGE_STATS_ENABLED: '0',
    ...environment
  }
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user']
  const isolated = ['unshare', ...user, '--pid', '--fork', '--kill-child', '--mount-proc']
  // The shell is the namespace's first process: it buries what Ray does not.
  const reaper = ['sh', '-c', '"$@"; exit $?', 'sh']
  const settings = ['--block', '--num-cpus', cpus, '--object-store-memory', 100_000_000, '--temp-dir', join(folder, 'r')]
  const ports = ['--min-worker-port', 0, '--max-worker-port', 0, '--dashboard-agent-listen-port', 0]
  const ray = [rayCommand, 'start', ...own, ...settings, ...ports].map(String)
  const words = Object.entries(variables).map(([variable, value]) => `${variable}=${value}`)
  return startChild([...isolated, ...reaper, 'env', ...words, ...ray], join(folder, `${name}.log`))
}

/** How many nodes live; undefined while the dashboard does not answer, or another one does. */
async function countNodes(port: number, token: string): Promise<number | undefined> {
  try {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`http://127.0.0.1:${port}/api/v0/nodes`, { headers, signal: AbortSignal.timeout(5000) })
    const { data } = (await answer.json()) as { data: { result: { result: { state: string }[] } } }
    return data.result.result.filter(({ state }) => state === 'ALIVE').length
  } catch {
    return undefined
  }
}
