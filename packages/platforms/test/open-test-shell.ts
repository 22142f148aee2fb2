import { readFile } from 'node:fs/promises'
import type { SlurmServer } from '../../../test/servers/slurm.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import { createSshShell } from '../src/ssh/ssh-shell.ts'

/** A shell on the login node of a test SLURM, as its user. */
export async function openTestShell({ host, port, user: username, hostKeys, privateKeyFile }: SlurmServer): Promise<RemoteShell> {
  return createSshShell([{ host, port, username, hostKeys, privateKey: await readFile(privateKeyFile, 'utf8') }])
}
