import { outputOf, run } from '../../test/servers/run.ts'
import type { OpenSsh } from '../slurm/open-ssh.ts'
import type { Ends, Peer } from './stage.ts'

const sumAll = 'find . -type f -print0 | sort -z | xargs -0 sha1sum'

/** The tools that come with OpenSSH, and rsync, over one warm connection; then sha1sum on both sides at once. */
export function openSshPeers(openSsh: OpenSsh): Record<'scp' | 'sftp' | 'rsync', Peer> {
  const { options, login } = openSsh
  const rsync = ['rsync', '-a', '-W', '-e', ['ssh', ...options].join(' ')]
  const compareAfter = (copy: (ends: Ends) => Promise<unknown>) => async (ends: Ends) => {
    await copy(ends)
    const [here, there] = await Promise.all([
      outputOf(['sh', '-c', `cd "$1" && ${sumAll}`, 'sh', ends.here]),
      openSsh.run(`cd ${ends.there} && ${sumAll}`)
    ])
    if (here !== there.stdout || here === '') throw new Error(`the checksums differ: ${there.stderr}`)
  }
  const runSftp = async (batch: string) => {
    const { exitCode, stderr } = await run(['sftp', '-q', ...options, '-b', '-', login], { stdin: batch })
    if (exitCode !== 0) throw new Error(stderr)
  }
  return {
    scp: {
      send: compareAfter(({ here, there }) => outputOf(['scp', '-q', '-r', ...options, here, `${login}:${there}`])),
      get: compareAfter(({ here, there }) => outputOf(['scp', '-q', '-r', ...options, `${login}:${there}`, here]))
    },
    sftp: {
      send: compareAfter(({ here, there }) => runSftp(`mkdir ${there}\nput -r ${here}/* ${there}/\n`)),
      get: compareAfter(({ here, there }) => runSftp(`get -r ${there} ${here}\n`))
    },
    rsync: {
      send: compareAfter(({ here, there }) => outputOf([...rsync, `${here}/`, `${login}:${there}/`])),
      get: compareAfter(({ here, there }) => outputOf([...rsync, `${login}:${there}/`, `${here}/`]))
    }
  }
}
