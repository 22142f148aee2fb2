import { UnavailableError } from '@lautta/core/errors'
import { z } from 'zod'
import type { RemoteCommand } from '../run-command.ts'
import { type RayJobInfo, readRayJob } from './ray-job-info.ts'

const script = 'file=$HOME/.lautta/ray/$1/jobs.json; [ ! -e "$file" ] || exec cat "$file"'

/** The Ray jobs of a cluster inside a SLURM job, as its batch script saw them last: every few seconds while it ran. */
export function findLeftJobs(slurmJobId: string): RemoteCommand<RayJobInfo[]> {
  return {
    argv: ['sh', '-c', script, 'lautta', slurmJobId],
    parse({ stdout, stderr, exitCode }) {
      if (exitCode !== 0) throw new UnavailableError(`what job ${slurmJobId} left can not be read: ${stderr.trim()}`)
      return stdout === '' ? [] : readJobs(slurmJobId, stdout)
    }
  }
}

function readJobs(slurmJobId: string, text: string): RayJobInfo[] {
  try {
    return z
      .array(z.unknown())
      .parse(JSON.parse(text))
      .flatMap((details) => readRayJob(details) ?? [])
  } catch (cause) {
    throw new UnavailableError(`what job ${slurmJobId} left is in a form that is not known here`, { cause })
  }
}
