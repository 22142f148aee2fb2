import { PlatformDiskError, RefusedError, UnavailableError } from '@lautta/core/errors'
import type { CommandOutput, RemoteCommand } from '../run-command.ts'
import { onOwnCluster } from './own-cluster.ts'
import { isSlurmAway } from './slurm-away.ts'

// sysexits' word for what may go better later.
const notMarked = 75

/** Keeps a pending job from starting; one that is held already is no error to scontrol. */
export const hold = (slurmJobId: string): RemoteCommand<void> => control('hold', slurmJobId)

/** Lets a held job start. */
export const release = (slurmJobId: string): RemoteCommand<void> => control('release', slurmJobId)

// By the mark a requeue is carried out once for each order, whoever asks and however often: it is made together with the
// count of requeues that it stands for, in one step. A count that is another one by now says that it was carried out. Of
// an array, only tasks that have begun can be requeued: SLURM complains about the others, and does it all the same.
const requeueScript = `id=$1; base=$HOME/.lautta/$2; mark=$base/requeue-$3
count() { # of all tasks together
  shown=$(scontrol show job --oneliner "$id") || return
  sum=0
  for one in $(printf '%s\\n' "$shown" | sed -n 's/.* Restarts=\\([0-9][0-9]*\\).*/\\1/p'); do sum=$((sum + one)); done
}
count || exit
words=$(umask 077; { mkdir -p "$base" && ln -s "$sum" "$mark"; } 2>&1)
[ -L "$mark" ] || { echo "$words" >&2; exit ${notMarked}; }
marked=$(readlink "$mark")
[ "$marked" = "$sum" ] || exit 0
words=$(scontrol requeue "$id" 2>&1) && exit 0
count && [ "$sum" -gt "$marked" ] && exit 0
echo "$words" >&2; exit 1
`

/** Lets a job begin anew, once for each order of the token's job. */
export function requeue(slurmJobId: string, token: string, orderId: string): RemoteCommand<void> {
  return {
    argv: [...onOwnCluster, 'sh', '-c', requeueScript, 'lautta', slurmJobId, token, orderId],
    // scontrol to look, to requeue, and to look again.
    slurmCommands: 3,
    parse(output) {
      if (output.exitCode === notMarked) throw new PlatformDiskError(output.stderr.trim())
      orThrow('requeue', output)
    }
  }
}

function control(verb: string, slurmJobId: string): RemoteCommand<void> {
  return { argv: [...onOwnCluster, 'scontrol', verb, slurmJobId], parse: (output) => orThrow(verb, output) }
}

/** SLURM's words, without the program's name: a refusal, or that slurmctld is away. */
function orThrow(verb: string, { stderr, exitCode }: CommandOutput): void {
  if (exitCode === 0) return
  const words = stderr.trim().replace(/^scontrol: error: /gm, '')
  throw isSlurmAway(words) ? new UnavailableError(words) : new RefusedError(words || `${verb} ended with ${exitCode}`)
}
