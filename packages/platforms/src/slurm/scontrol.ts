import { RefusedError, UnavailableError } from '@lautta/core/errors'
import type { CommandOutput, RemoteCommand } from '../run-command.ts'
import { isSlurmAway } from './slurm-away.ts'

/** Keeps a pending job from starting; one that is held already is no error to scontrol. */
export const hold = (slurmJobId: string): RemoteCommand<void> => control('hold', slurmJobId)

/** Lets a held job start. */
export const release = (slurmJobId: string): RemoteCommand<void> => control('release', slurmJobId)

/** How often SLURM has requeued a job. */
export function countRestarts(slurmJobId: string): RemoteCommand<number> {
  return {
    argv: ['scontrol', 'show', 'job', '--oneliner', slurmJobId],
    parse(output) {
      orThrow('scontrol', output)
      const restarts = / Restarts=(\d+)/.exec(output.stdout)?.[1]
      if (restarts === undefined) throw new UnavailableError(`scontrol does not tell the restarts of job ${slurmJobId}`)
      return Number(restarts)
    }
  }
}

// Asked once more after a lost answer, it finds the count risen, and does nothing.
const requeueScript = `shown=$(scontrol show job --oneliner "$1") || exit
case $shown in *" Restarts=$2 "*) exec scontrol requeue "$1";; esac
`

/** Lets a job begin anew, unless SLURM has requeued it more often than so many times already. */
export function requeue(slurmJobId: string, restarts: number): RemoteCommand<void> {
  return {
    argv: ['sh', '-c', requeueScript, 'lautta', slurmJobId, String(restarts)],
    slurmCommands: 2,
    parse: (output) => orThrow('requeue', output)
  }
}

function control(verb: string, slurmJobId: string): RemoteCommand<void> {
  return { argv: ['scontrol', verb, slurmJobId], parse: (output) => orThrow(verb, output) }
}

/** SLURM's words, without the program's name: a refusal, or that slurmctld is away. */
function orThrow(verb: string, { stderr, exitCode }: CommandOutput): void {
  if (exitCode === 0) return
  const words = stderr.trim().replace(/^scontrol: error: /gm, '')
  throw isSlurmAway(words) ? new UnavailableError(words) : new RefusedError(words || `${verb} ended with ${exitCode}`)
}
