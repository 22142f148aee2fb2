import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'
import type { AcceptedJob, Submission } from '../scheduler.ts'
import { findTaskPath, logPatternsOf, readArrayLine } from './array-log.ts'
import { onOwnCluster } from './own-cluster.ts'
import { isSlurmAway } from './slurm-away.ts'

/** A job as one would have been told of it when it was submitted: its log's files, if SLURM still knows them. */
export function describeJob(slurmJobId: string): RemoteCommand<AcceptedJob> {
  return {
    argv: [...onOwnCluster, 'scontrol', 'show', 'job', '--oneliner', slurmJobId],
    parse({ stdout, stderr }) {
      if (isSlurmAway(stderr)) throw new UnavailableError(stderr.trim())
      return { slurmJobId, ...readLogPaths(stdout.split('\n')[0] ?? '', null) }
    }
  }
}

/**
 * `StdErr=… StdIn=… StdOut=…` of scontrol's one line; a path may have blanks in it. Of an array it is a line of some of
 * its tasks; what was submitted tells how the others' paths differ.
 */
export function readLogPaths(scontrol: string, submission: Submission | null): Pick<AcceptedJob, 'outPath' | 'errPath'> {
  const [, errPath, outPath] = / StdErr=(.*) StdIn=.* StdOut=(.*?)(?: [A-Z][A-Za-z]+=.*)?$/.exec(scontrol.trimEnd()) ?? []
  const array = readArrayLine(scontrol)
  if (array === null || outPath === undefined || errPath === undefined)
    return { outPath: outPath ?? null, errPath: errPath ?? null }
  const patterns = submission === null ? null : logPatternsOf(submission)
  return {
    outPath: findTaskPath(outPath, array, patterns?.out ?? null),
    errPath: findTaskPath(errPath, array, patterns?.err ?? null)
  }
}
