import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'

/** Asks SLURM to end jobs. One that has ended, or never was, is no error to scancel. */
export function scancel(slurmJobIds: readonly string[]): RemoteCommand<void> {
  return {
    argv: ['scancel', ...slurmJobIds],
    parse({ stderr, exitCode }) {
      const alreadyEnded = /already completing or completed|Invalid job id/i.test(stderr)
      if (exitCode !== 0 && !alreadyEnded) throw new UnavailableError(stderr.trim() || `scancel ended with ${exitCode}`)
    }
  }
}
