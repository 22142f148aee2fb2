import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import type { AcceptedJob } from '../scheduler.ts'
import { onOwnCluster } from './own-cluster.ts'
import { isSlurmAway } from './slurm-away.ts'

/** A job as one would have been told of it when it was submitted: its log's files, if SLURM still knows them. */
export function describeJob(slurmJobId: string): RemoteCommand<AcceptedJob> {
  return {
    argv: [...onOwnCluster, 'scontrol', 'show', 'job', '--oneliner', slurmJobId],
    parse({ stdout, stderr }) {
      if (isSlurmAway(stderr)) throw new UnavailableError(stderr.trim())
      return { slurmJobId, ...readLogPaths(stdout.split('\n')[0] ?? '') }
    }
  }
}

/** `StdErr=… StdIn=… StdOut=…` of scontrol's one line; a path may have blanks in it. */
export function readLogPaths(scontrol: string): Pick<AcceptedJob, 'outPath' | 'errPath'> {
  const [, errPath, outPath] = / StdErr=(.*) StdIn=.* StdOut=(.*?)(?: [A-Z][A-Za-z]+=.*)?$/.exec(scontrol.trimEnd()) ?? []
  return { outPath: outPath ?? null, errPath: errPath ?? null }
}
