import type { Accounting } from '@lautta/core/accounting/accounting'
import type { Profile } from '../profiles/profile.ts'
import { plainProfile } from '../profiles/shipped-profiles.ts'
import type { RemoteShell } from '../remote-shell.ts'
import { type RemoteCommand, runCommand } from '../run-command.ts'
import { type FoundJob, mostIdsAtOnce, type Scheduler, type SubmissionRight, type SubmittedJob } from '../scheduler.ts'
import { accountsIn, judgeAccount, listAssociations } from './accounts.ts'
import { createSeffQuestion } from './ask-seff.ts'
import { billedJobs } from './billed-jobs.ts'
import { checkSlurm } from './check-slurm.ts'
import { type CommandBudget, unlimitedCommands } from './command-budget.ts'
import type { Rank } from './command-queue.ts'
import { describeJob } from './describe-job.ts'
import { findSubmissions, readRight, type SubmissionFinding } from './find-submission.ts'
import { gatherQuestions } from './gather-questions.ts'
import { guardScript } from './guard-script.ts'
import { readVariables } from './job-variables.ts'
import { findLimits } from './partitions.ts'
import { sacctEndings, sacctRecords } from './sacct.ts'
import { cancelPending, scancel } from './scancel.ts'
import { hold, release, requeue } from './scontrol.ts'
import { slurmVersion } from './slurm-version.ts'
import { squeue } from './squeue.ts'
import { commandsOfSubmission, submitBoundSeconds, submitJob } from './submission.ts'
import { testSubmission } from './test-submission.ts'

// Of arrays it is the tasks that make an answer long.
const tasksAsOneJob = 100
// Enough to be sure that nothing was submitted.
const looks = 3

/** What a profile says of a SLURM. */
export type SlurmSettings = Pick<Profile, 'preamble' | 'sbatchSeconds' | 'settleSeconds'>

/** SLURM, driven by its commands over a shell. */
export function createSlurmScheduler(
  shell: RemoteShell,
  { preamble, sbatchSeconds, settleSeconds }: SlurmSettings = plainProfile,
  budget: CommandBudget = unlimitedCommands
): Scheduler {
  const run = async <Result>(command: RemoteCommand<Result>, rank: Rank = 'first', signal?: AbortSignal): Promise<Result> => {
    await budget.take(command.slurmCommands ?? 1, rank)
    // Who asked may have left while it waited for its turn.
    signal?.throwIfAborted()
    return runCommand(shell, command)
  }
  let version: number | undefined
  const collectAccounting = gatherQuestions<SubmittedJob, Accounting>(
    mostIdsAtOnce,
    async (jobs) => {
      version ??= await run(slurmVersion)
      return run(sacctRecords(jobs, version))
    },
    ({ tasks = 0 }) => 1 + tasks / tasksAsOneJob
  )
  const cancel = gatherQuestions<string, void>(mostIdsAtOnce, async (ids) => {
    await run(scancel(ids))
    return ids.map(() => undefined)
  })
  const look = gatherQuestions<{ right: SubmissionRight; since: Date }, SubmissionFinding>(mostIdsAtOnce, (asked) => {
    const since = new Date(Math.min(...asked.map((one) => one.since.getTime())))
    return run(
      findSubmissions(
        asked.map(({ right }) => right),
        since
      ),
      'second'
    )
  })
  const describe = async ([id, ...others]: readonly [string, ...string[]]): Promise<FoundJob & { kind: 'found' }> => ({
    ...{ kind: 'found', others },
    ...(await run(describeJob(id), 'second'))
  })
  return {
    lookTimes: { submitBoundSeconds: submitBoundSeconds(sbatchSeconds), settleSeconds, looks },
    awaitTurn: () =>
      budget.take(commandsOfSubmission, 'second').then(
        () => true,
        () => false
      ),
    submit: (submission) => {
      const script = guardScript(readVariables(submission), submission.token)
      return runCommand(shell, submitJob({ ...submission, script }, preamble, sbatchSeconds))
    },
    async readRight(right) {
      const found = await runCommand(shell, readRight(right))
      if (found.kind === 'jobs') return describe(found.slurmJobIds)
      return found.kind === 'closed' ? found : { kind: 'taken', hasAnswered: found.hasAnswered }
    },
    async findSubmission(right, since) {
      const found = await look({ right, since })
      if (found.kind === 'jobs') return describe(found.slurmJobIds)
      return found.kind === 'closed' ? found : { kind: 'no-trace', counts: found.counts }
    },
    listJobs: () => run(squeue()),
    findEndings: (jobs) => run(sacctEndings(jobs)),
    cancel,
    cancelPending: (slurmJobId) => run(cancelPending(slurmJobId)),
    hold: (slurmJobId) => run(hold(slurmJobId)),
    release: (slurmJobId) => run(release(slurmJobId)),
    requeue: (slurmJobId, token, orderId) => run(requeue(slurmJobId, token, orderId)),
    testSubmission: (submission, signal) => run(testSubmission(submission, preamble, sbatchSeconds), 'second', signal),
    async findAccounts() {
      const associations = await run(listAssociations)
      return associations === null ? null : accountsIn(associations)
    },
    findLimits: () => run(findLimits, 'second'),
    checks: (account) => [
      { step: 'slurm', run: () => run(checkSlurm) },
      { step: 'account', run: async () => judgeAccount(await run(listAssociations), account) }
    ],
    collectAccounting,
    readSeff: createSeffQuestion(run),
    findBilledJobs: (account, from, to) => run(billedJobs(account, from, to), 'second')
  }
}
