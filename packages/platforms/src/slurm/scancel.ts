import { RefusedError, UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import { isJobOrTaskId } from './job-id.ts'
import { onOwnCluster } from './own-cluster.ts'
import { isSlurmAway } from './slurm-away.ts'

/** Asks SLURM to end jobs and tasks. One that has ended, or never was, is no error to scancel; a word that is no id keeps it from all. */
export function scancel(slurmJobIds: readonly string[]): RemoteCommand<void> {
  return {
    argv: [...onOwnCluster, 'scancel', ...slurmJobIds.filter(isJobOrTaskId)],
    parse({ stderr, exitCode }) {
      const alreadyEnded = /already completing or completed|Invalid job id specified/i.test(stderr)
      if (exitCode !== 0 && !alreadyEnded) throw new UnavailableError(stderr.trim() || `scancel ended with ${exitCode}`)
    }
  }
}

// Held first, by slurmctld itself: between scancel's own look and its request a job may begin.
const pendingScript = `scontrol hold "$1" && exec scancel --state=PENDING "$1"`

/** Ends a job that has not begun; any other is left alone, and SLURM's words are a RefusedError. */
export function cancelPending(slurmJobId: string): RemoteCommand<void> {
  return {
    argv: [...onOwnCluster, 'sh', '-c', pendingScript, 'lautta', slurmJobId],
    slurmCommands: 2,
    parse({ stderr, exitCode }) {
      if (exitCode === 0) return
      const words = stderr.trim()
      throw isSlurmAway(words) ? new UnavailableError(words) : new RefusedError(words || `scancel ended with ${exitCode}`)
    }
  }
}
