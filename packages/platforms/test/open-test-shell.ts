import type { SlurmServer } from '../../../test/servers/slurm.ts'
import type { SshServer } from '../../../test/servers/ssh-server.ts'
import type { RemoteShell } from '../src/remote-shell.ts'
import type { SshTarget } from '../src/ssh/open-connection.ts'
import { createSshShell } from '../src/ssh/ssh-shell.ts'

/** Where a test's sshd is, as its user, with all of its keys pinned. */
export function targetOf({ host, port, user: username, hostKeys, privateKeyFile }: SlurmServer | SshServer): SshTarget {
  return { hosts: [{ host, port }], hostKeys, credential: { username, privateKeyFile } }
}

/** A shell on the login node of a test SLURM, as its user. */
export async function openTestShell(server: SlurmServer | SshServer): Promise<RemoteShell> {
  return createSshShell(targetOf(server))
}
