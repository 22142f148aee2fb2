import { isoFromEpoch, parseEpoch } from '@lautta/core/accounting/slurm-time'
import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import type { Observation } from '../scheduler.ts'
import { fieldDelimiter } from './field-delimiter.ts'
import { onOwnCluster } from './own-cluster.ts'
import { phaseOfState } from './slurm-state.ts'

// %F base id, %T state, %S start, %r reason, %V submission, %j name. The name stands last: it alone may have a newline.
const format = ['%F', '%T', '%S', '%r', '%V', '%j'].join(fieldDelimiter)

/** Lists the user's jobs that have not ended. Array tasks are folded into the job by its base id. */
export const squeue: RemoteCommand<ReadonlyMap<string, Observation>> = {
  argv: [...onOwnCluster, 'SLURM_TIME_FORMAT=%s', 'squeue', '--noheader', '--me', `--format=${format}`],
  parse({ stdout, stderr, exitCode }) {
    if (exitCode !== 0) throw new UnavailableError(stderr.trim() || `squeue ended with ${exitCode}`)
    const jobs = new Map<string, Observation>()
    for (const line of stdout.split('\n')) {
      const [id = '', state = '', start = '', reason = '', submitted = '', jobName] = line.split(fieldDelimiter)
      // The rest of a name with a newline in it.
      if (jobName === undefined) continue
      const phase = phaseOfState(state)
      const seen: Observation = {
        phase,
        reason: phase === 'pending' ? reason : null,
        startedAt: phase === 'running' ? isoFromEpoch(parseEpoch(start)) : null,
        jobName,
        submittedAtEpoch: parseEpoch(submitted)
      }
      const other = jobs.get(id)
      jobs.set(id, other === undefined ? seen : foldTasks(other, seen))
    }
    return jobs
  }
}

/** An array job runs when one of its tasks does, since the first of them began; the others may be in any sequence. */
function foldTasks(one: Observation, other: Observation): Observation {
  if (one.phase !== other.phase) return one.phase === 'running' ? one : other
  if (other.startedAt === null) return one
  return one.startedAt === null || other.startedAt < one.startedAt ? other : one
}
