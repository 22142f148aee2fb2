import { existsSync } from 'node:fs'
import type { SlurmServer } from '../servers/slurm.ts'
import { until } from '../support/until.ts'

/** SLURM's own. */
const sbatch = '/usr/bin/sbatch "$@"'

/** What can become of a call of sbatch, in shell lines in place of it. */
export const sbatchFates = {
  'submits, and never answers': `${sbatch} >/dev/null; sleep 600`,
  'submits, and answers nothing': `${sbatch} >/dev/null`,
  'submits, and says that it has failed': `${sbatch} >/dev/null
echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2
exit 1`,
  // The parent is `timeout`, and its parent the shell of the login node.
  'submits, and all that waits for it dies': `${sbatch} >/dev/null; kill -s KILL $(ps -o ppid= -p $PPID) $PPID`,
  'submits in its last second': `trap '' TERM; sleep "$SBATCH_SECONDS"; sleep 1; ${sbatch}`,
  'never submits': 'sleep 600'
} as const

/** Decides what becomes of single calls of sbatch on the login node. */
export interface SbatchFaults {
  /** Resolves when a call has met with it. */
  meet(fate: string): Promise<void>
  /** Resolves when a call waits, before or after the real one; what it answers lets it go on. */
  hold(when: 'before' | 'after'): Promise<() => Promise<void>>
}

/** Puts a program of ours in front of sbatch, by the user's own PATH. */
export async function installSbatchFaults(slurm: SlurmServer, sbatchSeconds: number): Promise<SbatchFaults> {
  const shell = async (script: string, stdin = ''): Promise<void> => {
    const { exitCode, stderr } = await slurm.exec(['sh', '-c', script], { stdin })
    if (exitCode !== 0) throw new Error(stderr)
  }
  await shell('mkdir bin fates && cat >bin/sbatch && chmod 755 bin/sbatch', wrapper)
  await shell('cat >.bashrc', `export PATH="$HOME/bin:$PATH" SBATCH_SECONDS=${sbatchSeconds}\n`)
  const isThere = (name: string) => existsSync(slurm.hostPath(`/users/csc/fates/${name}`))
  let last = 0

  const meet = async (fate: string): Promise<void> => {
    const name = `${++last}.sh`
    // By rename: a call never sees half of it.
    await shell(`cat >fates/${name}.new && mv fates/${name}.new fates/${name}`, fate)
    await until(() => !isThere(name))
  }
  return {
    meet,
    async hold(when) {
      const [held, go] = [`held-${last + 1}`, `go-${last + 1}`]
      const wait = `touch ~/fates/${held}; until [ -e ~/fates/${go} ]; do sleep 0.1; done`
      const fate =
        when === 'before' ? `${wait}; exec ${sbatch}` : `id=$(timeout -s KILL "$SBATCH_SECONDS" ${sbatch}); ${wait}; echo "$id"`
      // The end that is put to it comes as late as it can; and it waits also if slurmctld does not answer.
      await meet(`trap '' TERM; ${fate}`)
      await until(() => isThere(held))
      return () => shell(`touch fates/${go}`)
    }
  }
}

const wrapper = `#!/bin/sh
for fate in ~/fates/*.sh; do
  mv "$fate" "$fate.taken" 2>/dev/null && exec sh "$fate.taken" "$@"
done
exec ${sbatch}
`
