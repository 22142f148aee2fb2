import { access, chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startChild } from './child.ts'
import { onFreePort } from './on-free-port.ts'
import { makePrivateFolder } from './private-folder.ts'
import { outputOf } from './run.ts'

/** For `requireCommands`. */
export const sshCommands = ['sshd', 'ssh-keygen', 'unshare', 'setpriv']

const serveScript = fileURLToPath(new URL('ssh/serve', import.meta.url))
const hostKeyTypes = ['ed25519', 'ecdsa', 'rsa']

export interface SshServer {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly privateKeyFile: string
  /** "ssh-ed25519 AAAA...", one for each key of the host */
  readonly hostKeys: readonly string[]
  /** The home of the user. */
  readonly home: string
  /** What sshd has said until now. */
  words(): Promise<string>
  stop(): Promise<void>
}

export interface SshServerOptions {
  readonly loginShell?: string
  /** The public key whose certificates are accepted; then no plain key is. */
  readonly trustedUserCa?: string
  /** Further lines for sshd_config; of two for one thing the first counts. */
  readonly settings?: readonly string[]
  /** The size of a disk of its own that `small` in the home is; only who logs in sees it. */
  readonly smallDiskBytes?: number
}

/** A stock sshd alone, up in a moment: for what needs no SLURM. It ends when this process does, in whatever way. */
export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const { loginShell = '/bin/bash', smallDiskBytes } = options
  const folder = await makePrivateFolder('lautta-sshd')
  // The user has to get to its home.
  await chmod(folder.path, 0o711)
  await mkdir(join(folder.path, 'home/.ssh'), { recursive: true, mode: 0o755 })
  const privateKeyFile = join(folder.path, 'id_ed25519')
  await Promise.all([
    makeKey('ed25519', privateKeyFile),
    ...hostKeyTypes.map((type) => makeKey(type, join(folder.path, `host_${type}`)))
  ])
  if (options.trustedUserCa === undefined) await copyFile(`${privateKeyFile}.pub`, join(folder.path, 'home/.ssh/authorized_keys'))
  else await writeFile(join(folder.path, 'user_ca.pub'), options.trustedUserCa)
  if (smallDiskBytes !== undefined) await writeFile(join(folder.path, 'small-disk'), String(smallDiskBytes))
  const log = join(folder.path, 'log')
  const started = await onFreePort(async (port) => {
    await writeFile(join(folder.path, 'sshd_config'), configuration(folder.path, port, options))
    const child = await startChild([serveScript, folder.path, loginShell], log)
    // Written once it listens.
    await child.until(() =>
      access(join(folder.path, 'pid')).then(
        () => true,
        () => undefined
      )
    )
    return { child, port }
  })
  const publicKeys = await Promise.all(hostKeyTypes.map((type) => readFile(join(folder.path, `host_${type}.pub`), 'utf8')))
  return {
    host: '127.0.0.1',
    port: started.port,
    user: 'csc',
    privateKeyFile,
    hostKeys: publicKeys.map((line) => line.split(' ').slice(0, 2).join(' ')),
    home: join(folder.path, 'home'),
    words: () => readFile(log, 'utf8'),
    stop: async () => {
      await started.child.kill()
      await folder.remove()
    }
  }
}

async function makeKey(type: string, path: string): Promise<void> {
  const size = type === 'rsa' ? ['-b', '2048'] : []
  await outputOf(['ssh-keygen', '-q', '-t', type, ...size, '-N', '', '-C', 'test', '-f', path])
}

function configuration(folder: string, port: number, { trustedUserCa, settings = [] }: SshServerOptions): string {
  const lines = [
    ...settings,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...hostKeyTypes.map((type) => `HostKey ${folder}/host_${type}`),
    `PidFile ${folder}/pid`,
    'LogLevel VERBOSE',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PrintMotd no',
    'AcceptEnv LANG LC_*',
    ...(trustedUserCa === undefined ? [] : [`TrustedUserCAKeys ${folder}/user_ca.pub`, 'AuthorizedKeysFile none'])
  ]
  return `${lines.join('\n')}\n`
}
