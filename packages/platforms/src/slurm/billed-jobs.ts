import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import { fieldDelimiter } from './field-delimiter.ts'
import { onOwnCluster } from './own-cluster.ts'

/** The ids of all jobs that ran for an account between two times: everybody's, as far as SLURM shows them to the user. */
export function billedJobs(account: string, from: Date, to: Date): RemoteCommand<string[]> {
  const inUtc = (time: Date): string => time.toISOString().slice(0, 19)
  return {
    argv: [
      ...[...onOwnCluster, 'TZ=UTC', 'sacct', '--allusers', '--allocations', '--noheader', '--parsable2'],
      ...[`--delimiter=${fieldDelimiter}`, '--format=JobID,ElapsedRaw', `--accounts=${account}`],
      ...[`--starttime=${inUtc(from)}`, `--endtime=${inUtc(to)}`]
    ],
    outputLimitBytes: 4 * 1024 * 1024,
    parse({ stdout, stderr, exitCode }) {
      if (exitCode !== 0) throw new UnavailableError(stderr.trim() || `sacct ended with ${exitCode}`)
      const rows = stdout.split('\n').map((line) => line.split(fieldDelimiter))
      // What did not begin cost nothing. Tasks of an array are one job.
      return rows.flatMap(([id = '', seconds]) => (Number(seconds) > 0 ? [/^\d+/.exec(id)?.[0] ?? id] : []))
    }
  }
}
