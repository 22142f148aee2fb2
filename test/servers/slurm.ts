import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ran, run } from './run.ts'
import { debian13, type Sandbox, type SandboxOptions, type SlurmRelease, startSandbox } from './slurm-sandbox.ts'

const daemons = ['slurmctld', 'slurmd', 'slurmdbd', 'mariadbd', 'munged', 'sshd']

/** For `requireCommands`. */
export function slurmCommands(release: SlurmRelease = '22.05'): string[] {
  return [...daemons.map((name) => (release === '24.11' ? join(debian13, 'usr/sbin', name) : name)), 'ssh']
}

export interface SlurmServer {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly privateKeyFile: string
  /** "ssh-ed25519 AAAA...", one for each key of the host */
  readonly hostKeys: readonly string[]
  readonly directory: string
  /** Runs a command inside, in the user's home and with a clean environment; as csc unless told otherwise. */
  exec(argv: readonly string[], options?: { as?: 'csc' | 'root'; stdin?: string }): Promise<Ran>
  /** Where the host sees a file that is /users/..., /projappl/..., /scratch/... or /cluster/... inside. */
  hostPath(inside: string): string
  /**
   * To 'slurmctld', 'slurmdbd', 'munged', 'sshd' or 'slurmd-<node>'; answers when it has taken effect. 'mariadbd' is
   * for freezing only: it has once failed to recover from SIGKILL.
   */
  signal(daemon: string, signal: NodeJS.Signals): Promise<void>
  /** Starts one daemon again; answers when it is ready. */
  start(daemon: string): Promise<void>
  stop(): Promise<void>
}

/** How a test wants its SLURM. */
export interface SlurmOptions {
  name?: string
  nodes?: number
  uid?: number
  release?: SlurmRelease
  nodeMegabytes?: number
  software?: Readonly<Record<string, string>>
}

/**
 * Tests talk to a real SLURM with accounting, MariaDB and sshd, because no fake has its habits. It is thrown away at
 * `stop`, or when this process ends in whatever way. `uid`: root may have another user run all of it, but not of 24.11.
 * `software`: folders of this machine, such as a venv, that jobs find as /appl/<name>.
 */
export async function startSlurm(options: SlurmOptions = {}): Promise<SlurmServer> {
  const { name = 'puhti', nodes = 2, uid, release = '22.05', nodeMegabytes = 4096, software = {} } = options
  const sandbox = await startOnFreePorts({ name, nodes, uid, release, nodeMegabytes, software })
  const keys = join(sandbox.directory, 'cluster/keys')
  const exec: SlurmServer['exec'] = (argv, { as = 'csc', stdin = '' } = {}) =>
    run([sandbox.script, 'exec', sandbox.directory, '--as', as, ...argv], { stdin, uid })
  const control = async (...argv: string[]): Promise<void> => {
    const { exitCode, stderr } = await exec(['/cluster/bin/cluster', ...argv], { as: 'root' })
    if (exitCode !== 0) throw new Error(`cluster ${argv.join(' ')} failed\n${stderr}`)
  }
  return {
    host: '127.0.0.1',
    port: sandbox.basePort + 3,
    user: 'csc',
    privateKeyFile: join(keys, 'id_ed25519'),
    hostKeys: await readHostKeys(keys),
    directory: sandbox.directory,
    exec,
    hostPath: (inside) => hostPath(sandbox.directory, inside),
    signal: (daemon, signal) => control('signal', daemon, signal),
    start: (daemon) => control('start-daemon', daemon),
    stop: sandbox.end
  }
}

async function startOnFreePorts(options: SandboxOptions): Promise<Sandbox> {
  for (let left = 2; ; left--) {
    try {
      return await startSandbox(options)
    } catch (error) {
      if (left === 0 || !/address already in use/i.test(String(error))) throw error
    }
  }
}

async function readHostKeys(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^ssh_host_.*\.pub$/.test(name))
  const lines = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return lines.map((line) => line.split(' ').slice(0, 2).join(' '))
}

function hostPath(directory: string, inside: string): string {
  if (!/^\/(users|projappl|scratch|cluster)(\/|$)/.test(inside)) throw new Error(`not seen from the host: ${inside}`)
  return join(directory, inside)
}
