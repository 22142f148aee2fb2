import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createSshShell } from '../../packages/platforms/src/ssh/ssh-shell.ts'
import { targetOf } from '../../packages/platforms/test/open-test-shell.ts'
import { makePrivateFolder } from '../../test/servers/private-folder.ts'
import { outputOf } from '../../test/servers/run.ts'
import { startSshServer } from '../../test/servers/ssh-server.ts'
import type { Turn } from '../benchmark.ts'
import { openControlMaster } from '../slurm/open-ssh.ts'
import { openSshPeers } from './open-ssh-peers.ts'
import { ours } from './ours.ts'

/** So many files of one size. */
export interface FileSet {
  title: string
  count: number
  bytes: number
}

/** Both ends of one transfer: a folder here, and one in the home there. */
export interface Ends {
  here: string
  there: string
}

/** Who sends a folder and gets one, and has compared the SHA-1 of all files when it resolves. */
export interface Peer {
  send(ends: Ends): Promise<void>
  get(ends: Ends): Promise<void>
}

/** A login node on this machine, and who carries files to it. */
export interface Stage {
  /** Lays a set of files on both sides; answers who carries it. */
  lay(set: FileSet): Promise<(verb: keyof Peer) => Record<string, () => Promise<Turn>>>
  close(): Promise<void>
}

// No disk takes part on our side.
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const megabyte = 1e6
const blockBytes = 64 * 1024 * 1024
const cipher = 'aes128-gcm@openssh.com'
// As Debian's own configuration has it.
const sftp = 'Subsystem sftp /usr/lib/openssh/sftp-server'

export async function openStage(): Promise<Stage> {
  const [server, folder] = await Promise.all([startSshServer({ settings: [sftp] }), makePrivateFolder('lautta-bench', memory)])
  const shell = createSshShell(targetOf(server))
  const openSsh = await openControlMaster(server, [`Ciphers=${cipher}`])
  const peers: Readonly<Record<string, Peer>> = { Lautta: ours(shell), ...openSshPeers(openSsh) }
  return {
    async lay(set) {
      const name = set.title.replaceAll(/[^\w]+/g, '-')
      const [here, there] = [join(folder.path, name), join(server.home, name)]
      await makeFiles(here, set)
      await outputOf(['cp', '-r', here, there])
      await outputOf(['chown', '-R', '--reference', server.home, there])
      const takeTurn = async (peer: Peer, verb: keyof Peer): Promise<Turn> => {
        const copy = verb === 'send' ? `${there}-copy` : `${here}-copy`
        await rm(copy, { recursive: true, force: true })
        const beganAt = performance.now()
        await peer[verb](verb === 'send' ? { here, there: `${name}-copy` } : { here: copy, there: name })
        const seconds = (performance.now() - beganAt) / 1000
        const isEqual =
          (await outputOf(['sh', '-c', 'diff -r "$1" "$2" >/dev/null && echo equal || echo differs', 'sh', here, copy])) ===
          'equal\n'
        await rm(copy, { recursive: true, force: true })
        return { figure: (set.count * set.bytes) / megabyte / seconds, errors: isEqual ? 0 : 1 }
      }
      return (verb) => Object.fromEntries(Object.entries(peers).map(([peer, how]) => [peer, () => takeTurn(how, verb)]))
    },
    async close() {
      await Promise.all([shell.close(), openSsh.close()])
      await Promise.all([server.stop(), folder.remove()])
    }
  }
}

/** Bytes that nothing can make smaller. */
async function makeFiles(folder: string, { count, bytes }: FileSet): Promise<void> {
  await mkdir(folder)
  for (let index = 0; index < count; index++) {
    for (let at = 0; at < bytes; at += blockBytes) {
      await appendFile(join(folder, `file-${index}`), randomBytes(Math.min(blockBytes, bytes - at)))
    }
  }
}
