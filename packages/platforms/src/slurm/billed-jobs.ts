import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import { fieldDelimiter } from './field-delimiter.ts'
import { onOwnCluster } from './own-cluster.ts'

/**
 * The ids of all jobs that ran for an account between two times of the platform's own zone, such as `2026-11-19 15:36:37`:
 * everybody's, as far as SLURM shows them to the user.
 */
export function billedJobs(account: string, from: string, to: string): RemoteCommand<string[]> {
  const wireTime = (time: string): string => time.replace(' ', 'T')
  return {
    argv: [
      ...[...onOwnCluster, 'sacct', '--allusers', '--allocations', '--noheader', '--parsable2'],
      ...[`--delimiter=${fieldDelimiter}`, '--format=JobID,ElapsedRaw', `--accounts=${account}`],
      ...[`--starttime=${wireTime(from)}`, `--endtime=${wireTime(to)}`]
    ],
    outputLimitBytes: 4 * 1024 * 1024,
    parse({ stdout, stderr, exitCode }) {
      if (exitCode !== 0) throw new UnavailableError(stderr.trim() || `sacct ended with ${exitCode}`)
      const rows = stdout.split('\n').map((line) => line.split(fieldDelimiter))
      return rows.flatMap(([id = '', seconds]) => (Number(seconds) > 0 ? [/^\d+/.exec(id)?.[0] ?? id] : []))
    }
  }
}
