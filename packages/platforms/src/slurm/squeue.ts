import { isoFromEpoch, parseEpoch } from '@lautta/core/accounting/slurm-time'
import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import type { Observation } from '../scheduler.ts'

/** Lists the user's jobs that have not ended. Array tasks are folded into the job by its base id. */
export const squeue: RemoteCommand<ReadonlyMap<string, Observation>> = {
  // %F base id, %T state, %S start, %r reason. Free text stands last: a reason is SLURM's own, a name would not be.
  argv: ['env', 'SLURM_TIME_FORMAT=%s', 'squeue', '--noheader', '--me', '--format=%F|%T|%S|%r'],
  parse({ stdout, stderr, exitCode }) {
    if (exitCode !== 0) throw new UnavailableError(stderr.trim() || `squeue ended with ${exitCode}`)
    const jobs = new Map<string, Observation>()
    for (const line of stdout.split('\n').filter((text) => text !== '')) {
      const [id = '', state = '', start = '', reason = ''] = line.split('|')
      const phase = isWaiting(state) ? 'pending' : 'running'
      if (jobs.get(id)?.phase === 'running') continue
      jobs.set(id, {
        phase,
        reason: phase === 'pending' ? reason : null,
        startedAt: phase === 'running' ? isoFromEpoch(parseEpoch(start)) : null
      })
    }
    return jobs
  }
}

/** States of a job that holds no nodes; in any other state that squeue lists, it holds some. */
function isWaiting(state: string): boolean {
  return ['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_FED', 'REQUEUE_HOLD', 'RESV_DEL_HOLD', 'SPECIAL_EXIT'].includes(state)
}
