import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import type { Profile } from '../profiles/profile.ts'
import { plainProfile } from '../profiles/shipped-profiles.ts'
import type { RemoteShell } from '../remote-shell.ts'
import { type RemoteCommand, runCommand } from '../run-command.ts'
import { mostIdsAtOnce, type Scheduler } from '../scheduler.ts'
import { accountsIn, judgeAccount, listAssociations } from './accounts.ts'
import { checkSlurm } from './check-slurm.ts'
import { type CommandBudget, unlimitedCommands } from './command-budget.ts'
import type { Rank } from './command-queue.ts'
import { gatherQuestions } from './gather-questions.ts'
import { guardScript } from './guard-script.ts'
import { sacctEndings, sacctRecords } from './sacct.ts'
import { scancel } from './scancel.ts'
import { countRestarts, hold, release, requeue } from './scontrol.ts'
import { slurmVersion } from './slurm-version.ts'
import { squeue } from './squeue.ts'
import { commandsOfSubmission, findSubmittedJob, submitBoundSeconds, submitJob } from './submission.ts'
import { testSubmission } from './test-submission.ts'

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
  const run = async <Result>(command: RemoteCommand<Result>, rank: Rank = 'first'): Promise<Result> => {
    await budget.take(command.slurmCommands ?? 1, rank)
    return runCommand(shell, command)
  }
  let version: number | undefined
  const askForRecords = gatherQuestions<{ id: string; since: Date }, readonly AccountingRecord[]>(
    mostIdsAtOnce,
    async (asked) => {
      version ??= await run(slurmVersion)
      const ids = new Set(asked.map(({ id }) => id))
      const since = new Date(Math.min(...asked.map((one) => one.since.getTime())))
      const found = await run(sacctRecords([...ids], since, version))
      return asked.map(({ id }) => found.get(id) ?? [])
    }
  )
  const cancel = gatherQuestions<string, void>(mostIdsAtOnce, async (ids) => {
    await run(scancel(ids))
    return ids.map(() => undefined)
  })
  return {
    lookTimes: { submitBoundSeconds: submitBoundSeconds(sbatchSeconds), settleSeconds, looks },
    awaitTurn: () =>
      budget.take(commandsOfSubmission, 'second').then(
        () => true,
        () => false
      ),
    submit: (submission) => {
      const script = guardScript(submission.script, submission.token)
      return runCommand(shell, submitJob({ ...submission, script }, preamble, sbatchSeconds))
    },
    findSubmission: (right) => run(findSubmittedJob(right), 'second'),
    listJobs: () => run(squeue),
    findEndings: (slurmJobIds, since) => run(sacctEndings(slurmJobIds, since)),
    cancel,
    hold: (slurmJobId) => run(hold(slurmJobId)),
    release: (slurmJobId) => run(release(slurmJobId)),
    countRestarts: (slurmJobId) => run(countRestarts(slurmJobId)),
    requeue: (slurmJobId, restarts) => run(requeue(slurmJobId, restarts)),
    testSubmission: (submission) => run(testSubmission(submission, preamble, sbatchSeconds), 'second'),
    findAccounts: async () => accountsIn(await run(listAssociations)),
    checks: (account) => [
      { step: 'slurm', run: () => run(checkSlurm) },
      { step: 'account', run: async () => judgeAccount(await run(listAssociations), account) }
    ],
    collectAccounting: (id, since) => askForRecords({ id, since })
  }
}
