import { UnavailableError } from '@lautta/core/errors'
import { z } from 'zod'
import type { RemoteCommand } from '../run-command.ts'
import { type RayJobInfo, readRayJob } from './ray-job-info.ts'

/** What the batch script of a cluster left of it. */
export interface LeftJobs {
  /** Why the cluster ended: `time-limit`, `idle`, `stopped` or `failed`; null while it has not, or when its node died. */
  ended: string | null
  /** Its Ray jobs, as they were seen last: every few seconds while it ran. */
  jobs: RayJobInfo[]
}

const script = `folder=$HOME/.lautta/ray/$1 ended=
[ ! -e "$folder/ended" ] || ended=$(cat "$folder/ended") || exit
echo "$ended"
[ ! -e "$folder/jobs.json" ] || exec cat "$folder/jobs.json"`

/** Finds what is left of a cluster inside a SLURM job, and of one that is there what is known of it now. */
export function findLeftJobs(slurmJobId: string): RemoteCommand<LeftJobs> {
  return {
    argv: ['sh', '-c', script, 'lautta', slurmJobId],
    parse({ stdout, stderr, exitCode }) {
      if (exitCode !== 0) throw new UnavailableError(`what job ${slurmJobId} left can not be read: ${stderr.trim()}`)
      const [ended = '', ...jobs] = stdout.split('\n')
      return { ended: ended === '' ? null : ended, jobs: readJobs(slurmJobId, jobs.join('\n')) }
    }
  }
}

function readJobs(slurmJobId: string, text: string): RayJobInfo[] {
  if (text === '') return []
  try {
    return z
      .array(z.unknown())
      .parse(JSON.parse(text))
      .flatMap((details) => readRayJob(details) ?? [])
  } catch (cause) {
    throw new UnavailableError(`what job ${slurmJobId} left is in a form that is not known here`, { cause })
  }
}
