import type { Ending } from '@lautta/core/job/job-event'
import type { Profile } from '../profiles/profile.ts'
import { plainProfile } from '../profiles/shipped-profiles.ts'
import type { RemoteShell } from '../remote-shell.ts'
import { runCommand } from '../run-command.ts'
import type { Scheduler } from '../scheduler.ts'
import { guardScript } from './guard-script.ts'
import { sacctEndings, sacctRecords } from './sacct.ts'
import { scancel } from './scancel.ts'
import { slurmVersion } from './slurm-version.ts'
import { squeue } from './squeue.ts'
import { findSubmittedJob, submitBoundSeconds, submitJob } from './submission.ts'

// Enough to be sure that nothing was submitted.
const looks = 3

// sacct is heavy for the cluster's database: many ids in one question, but not without end.
const mostIdsAtOnce = 200

/** What a profile says of a SLURM. */
export type SlurmSettings = Pick<Profile, 'preamble' | 'sbatchSeconds' | 'settleSeconds'>

/** SLURM, driven by its commands over a shell. */
export function createSlurmScheduler(
  shell: RemoteShell,
  { preamble, sbatchSeconds, settleSeconds }: SlurmSettings = plainProfile
): Scheduler {
  let version: number | undefined
  return {
    lookTimes: { submitBoundSeconds: submitBoundSeconds(sbatchSeconds), settleSeconds, looks },
    submit: (submission) => {
      const script = guardScript(submission.script, submission.token)
      return runCommand(shell, submitJob({ ...submission, script }, preamble, sbatchSeconds))
    },
    findSubmission: (right) => runCommand(shell, findSubmittedJob(right)),
    listJobs: () => runCommand(shell, squeue),
    async findEndings(slurmJobIds, since) {
      const endings = new Map<string, Ending | null>()
      for (let at = 0; at < slurmJobIds.length; at += mostIdsAtOnce) {
        const some = slurmJobIds.slice(at, at + mostIdsAtOnce)
        for (const [id, ending] of await runCommand(shell, sacctEndings(some, since))) endings.set(id, ending)
      }
      return endings
    },
    cancel: (slurmJobId) => runCommand(shell, scancel(slurmJobId)),
    async collectAccounting(slurmJobId) {
      version ??= await runCommand(shell, slurmVersion)
      return runCommand(shell, sacctRecords(slurmJobId, version))
    }
  }
}
