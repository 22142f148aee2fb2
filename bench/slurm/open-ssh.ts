import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ran, run } from '../../test/servers/run.ts'
import type { SshServer } from '../../test/servers/ssh-server.ts'
import { until } from '../../test/support/until.ts'

/** A warm connection of the system's own client, over which each command is a client process of its own (ControlMaster). */
export interface OpenSsh {
  /** What lets ssh, scp and sftp use it. */
  readonly options: readonly string[]
  /** Where it goes to, as these write it. */
  readonly login: string
  run(command: string, stdin?: string): Promise<Ran>
  close(): Promise<void>
}

export async function openControlMaster(
  { host, port, user, privateKeyFile, hostKeys }: Pick<SshServer, 'host' | 'port' | 'user' | 'privateKeyFile' | 'hostKeys'>,
  settings: readonly string[] = []
): Promise<OpenSsh> {
  const folder = await mkdtemp(join(tmpdir(), 'ssh-'))
  const [control, knownHosts] = [join(folder, 'control'), join(folder, 'known_hosts')]
  await writeFile(knownHosts, hostKeys.map((key) => `[${host}]:${port} ${key}\n`).join(''))
  const strict = ['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=yes', `UserKnownHostsFile=${knownHosts}`]
  const all = [`ControlPath=${control}`, `Port=${port}`, ...strict, ...settings]
  const options = ['-F', 'none', ...all.flatMap((option) => ['-o', option])]
  const login = `${user}@${host}`
  const address = ['-i', privateKeyFile, login]
  const master = spawn('setpriv', ['--pdeathsig', 'KILL', 'ssh', ...options, '-M', '-N', ...address], { stdio: 'ignore' })
  const ended = once(master, 'exit')
  await until(() =>
    stat(control).catch(() => {
      if (master.exitCode !== null) throw new Error(`ssh ended at once with ${master.exitCode}`)
      return null
    })
  )
  return {
    options,
    login,
    run: (command, stdin = '') => run(['ssh', ...options, ...address, command], { stdin }),
    async close() {
      master.kill()
      await ended
      await rm(folder, { recursive: true })
    }
  }
}
