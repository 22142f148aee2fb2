import type { Ending } from '@lautta/core/job/job-event'
import type { RemoteShell } from '../remote-shell.ts'
import { runCommand } from '../run-command.ts'
import type { LookTimes, Scheduler } from '../scheduler.ts'
import { guardScript } from './guard-script.ts'
import { sacctEndings, sacctRecords } from './sacct.ts'
import { scancel } from './scancel.ts'
import { slurmVersion } from './slurm-version.ts'
import { squeue } from './squeue.ts'
import { findSubmittedJob, sbatchBoundSeconds, submitJob } from './submission.ts'

/** SLURM's own bound for an answer of slurmctld (MessageTimeout), and looks enough to be sure. */
const slurmLookTimes: LookTimes = { submitBoundSeconds: sbatchBoundSeconds, settleSeconds: 10, looks: 3 }

// sacct is heavy for the cluster's database: many ids in one question, but not without end.
const mostIdsAtOnce = 200

/** SLURM, driven by its commands over a shell. */
export function createSlurmScheduler(
  shell: RemoteShell,
  preamble: readonly string[] = [],
  lookTimes: LookTimes = slurmLookTimes
): Scheduler {
  let version: number | undefined
  return {
    lookTimes,
    submit: (submission) =>
      runCommand(shell, submitJob({ ...submission, script: guardScript(submission.script, submission.token) }, preamble)),
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
