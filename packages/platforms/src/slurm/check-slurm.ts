import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import { onOwnCluster } from './own-cluster.ts'

/** Which controllers of SLURM answer, in its own words; UnavailableError when none does. */
export const checkSlurm: RemoteCommand<string> = {
  argv: [...onOwnCluster, 'sh', '-c', 'scontrol --version && scontrol ping'],
  slurmCommands: 2,
  // SLURM's own bound for an answer, and a little.
  timeoutSeconds: 12,
  parse({ stdout, stderr }) {
    const words = [...stdout.split('\n'), ...stderr.split('\n')].map((line) => line.trim()).filter((line) => line !== '')
    // Of several controllers one is enough; 22.05 and 24.11 end with different codes when another is down.
    if (!/^Slurmctld\(.*\) at .* is UP$/m.test(stdout)) throw new UnavailableError(words.join(', ') || 'scontrol says nothing')
    return words.join(', ')
  }
}
