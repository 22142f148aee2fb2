import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ran, run } from '../../test/servers/run.ts'
import type { SlurmServer } from '../../test/servers/slurm.ts'
import { until } from '../../test/support/until.ts'

/** A warm connection of the system's own client, over which each command is a client process of its own (ControlMaster). */
export interface OpenSsh {
  run(command: string, stdin?: string): Promise<Ran>
  close(): Promise<void>
}

export async function openControlMaster({ host, port, user, privateKeyFile, hostKeys }: SlurmServer): Promise<OpenSsh> {
  const folder = await mkdtemp(join(tmpdir(), 'ssh-'))
  const [control, knownHosts] = [join(folder, 'control'), join(folder, 'known_hosts')]
  await writeFile(knownHosts, hostKeys.map((key) => `[${host}]:${port} ${key}\n`).join(''))
  const strict = ['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=yes', `UserKnownHostsFile=${knownHosts}`]
  const options = ['-F', 'none', '-S', control, ...strict.flatMap((option) => ['-o', option])]
  const address = ['-p', String(port), '-i', privateKeyFile, `${user}@${host}`]
  const master = spawn('setpriv', ['--pdeathsig', 'KILL', 'ssh', ...options, '-M', '-N', ...address], { stdio: 'ignore' })
  const ended = once(master, 'exit')
  await until(() =>
    stat(control).catch(() => {
      if (master.exitCode !== null) throw new Error(`ssh ended at once with ${master.exitCode}`)
      return null
    })
  )
  return {
    run: (command, stdin = '') => run(['ssh', ...options, ...address, command], { stdin }),
    async close() {
      master.kill()
      await ended
      await rm(folder, { recursive: true })
    }
  }
}
