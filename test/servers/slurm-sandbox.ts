import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'
import { asUser } from './run.ts'

export const sandboxScript = fileURLToPath(new URL('slurm/sandbox', import.meta.url))

/** 22.05 is Debian 12's, of this machine; 24.11 is Debian 13's, in a root file system of its own. */
export type SlurmRelease = '22.05' | '24.11'

/** What test/servers/install-debian-13 makes. */
export const debian13 = fileURLToPath(new URL('../../.test/debian-13', import.meta.url))

/** The script where any user finds it: a checkout may lie where only its owner may look, such as in /root. */
export async function publishScript(folder: string): Promise<string> {
  await cp(dirname(sandboxScript), folder, { recursive: true })
  return join(folder, 'sandbox')
}

export interface Sandbox {
  readonly directory: string
  /** The script with which it was started. */
  readonly script: string
  readonly basePort: number
  end(): Promise<void>
}

export interface SandboxOptions {
  readonly name: string
  readonly nodes: number
  readonly uid: number | undefined
  readonly release: SlurmRelease
  readonly nodeMegabytes: number
  /** Folders of this machine that are /appl/<name> inside, read only. */
  readonly software: Readonly<Record<string, string>>
}

/** One attempt to bring a sandbox up; it fails when another process has taken one of its ports meanwhile. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { name, nodes, uid, release, nodeMegabytes, software } = options
  const directory = await mkdtemp(join(tmpdir(), 'slurm-'))
  if (uid !== undefined) await chown(directory, uid, uid)
  const scripts = `${directory}.scripts`
  const script = uid === undefined ? sandboxScript : await publishScript(scripts)
  const basePort = await freePort(4 + nodes)
  const args = [
    'start',
    directory,
    '--base-port',
    basePort,
    '--name',
    name,
    '--nodes',
    nodes,
    '--memory',
    nodeMegabytes,
    '--remove'
  ]
  if (release === '24.11') args.push('--system', debian13)
  for (const [as, folder] of Object.entries(software)) args.push('--appl', `${as}=${folder}`)
  // Detached, so that a Ctrl-C in the terminal lets the tests end first. The pipe to its input ends it in any case.
  const child = spawn(script, args.map(String), { detached: true, ...asUser(uid) })
  const ended = once(child, 'exit')
  const stderr = text(child.stderr)
  const end = async (): Promise<void> => {
    child.stdin.end()
    await ended
    // Had the script been killed, the folder would still be there, and its processes perhaps just about to end.
    await rm(directory, { recursive: true, force: true, maxRetries: 20 })
    await rm(scripts, { recursive: true, force: true })
  }
  if (await saysReady(child)) return { directory, script, basePort, end }
  await end()
  throw new Error(`the SLURM sandbox did not start\n${await stderr}`)
}

async function saysReady(child: ChildProcess): Promise<boolean> {
  if (child.stdout === null) return false
  for await (const line of createInterface(child.stdout)) if (line.startsWith('ready: ')) return true
  return false
}
