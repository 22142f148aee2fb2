import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ran, run } from './run.ts'
import type { SlurmServer } from './slurm.ts'

/** The system's own client is the judge of an address, a key and host keys; the user's settings do not count. */
export async function ssh(
  server: Pick<SlurmServer, 'host' | 'port' | 'user' | 'privateKeyFile' | 'hostKeys'>,
  command: string
): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'ssh-'))
  const knownHosts = join(folder, 'known_hosts')
  await writeFile(knownHosts, server.hostKeys.map((key) => `[${server.host}]:${server.port} ${key}\n`).join(''))
  const strict = ['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=yes']
  const options = [...strict, `UserKnownHostsFile=${knownHosts}`].flatMap((option) => ['-o', option])
  const address = ['-p', `${server.port}`, '-i', server.privateKeyFile, `${server.user}@${server.host}`]
  try {
    return await run(['ssh', '-F', 'none', ...options, ...address, command])
  } finally {
    await rm(folder, { recursive: true })
  }
}
