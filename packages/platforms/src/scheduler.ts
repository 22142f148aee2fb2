import type { Accounting } from '@lautta/core/accounting/accounting'
import type { SeffReport } from '@lautta/core/accounting/read-seff'
import type { Ending, ListedTasks, SchedulerPhase } from '@lautta/core/job/job-event'
import type { Limits } from '@lautta/core/platform/limits'

/** The right to submit once: the token belongs to one attempt of one job, the try to one sbatch within it. */
export interface SubmissionRight {
  token: string
  try: number
  /** Of a Ray job: the id of the SLURM job whose cluster takes it. Without it the platform itself does. */
  cluster?: string
}

/** A batch script on its way to the scheduler. */
export interface Submission extends SubmissionRight {
  /** The job's name on the platform; it ends with the token, so that no other job has it. */
  jobName: string
  script: string
  /** Where the job starts; null is the scheduler's own choice. */
  workingDirectory: string | null
  /** Module entries that are loaded before, so that the job finds them loaded. */
  modules: readonly string[]
  /** Tasks of an array job as `--array` takes them, such as `0-15%4`; null is a job without tasks. */
  array: string | null
  /** sbatch options by long name; true has no value. They win over the script's own directives. */
  options: Readonly<Record<string, string | number | true>>
  /** Variables that the job finds set. */
  environment?: Readonly<Record<string, string>>
}

/** A job that the scheduler took. */
export interface AcceptedJob {
  slurmJobId: string
  /** Files of its two streams, of an array with `%a` for the number of a task; null when they are not known. */
  outPath: string | null
  errPath: string | null
}

/** What came of a submission. */
export type SubmissionAnswer =
  | ({ kind: 'accepted' } & AcceptedJob)
  /** Surely not submitted, in the scheduler's own words. */
  | { kind: 'refused'; reason: string }
  /** Surely not submitted, because so many jobs are there already as are allowed. */
  | { kind: 'limit-reached'; reason: string }
  /** Surely not submitted, because the platform's disk takes nothing. */
  | { kind: 'disk-full'; reason: string }
  /** The right is taken and no id is known. */
  | { kind: 'answer-lost' }

/** What the scheduler said of a job that it was only asked about. */
export interface TestedSubmission {
  isAccepted: boolean
  words: string
  /** Refused for as many jobs as are there now: later it may be accepted. */
  isLimitReached: boolean
}

/** Something without which no job can run. */
export interface SchedulerCheck {
  step: 'slurm' | 'ray' | 'account'
  /** What was found; throws when it does not hold. */
  run(): Promise<string>
}

/** A job that was found by its token. */
export interface FoundJob extends AcceptedJob {
  /** Further jobs of the same token: there should be none. */
  others: readonly string[]
}

/** What stands in the folder of a right. */
export type RightTrace =
  | ({ kind: 'found' } & FoundJob)
  /** Nothing was submitted and nothing can be any more: the right is ours now, unused. */
  | { kind: 'closed' }
  /** The right was taken, and no id is known; whether the scheduler has answered whoever took it. */
  | { kind: 'taken'; hasAnswered: boolean }

/** What was found of a submission whose answer was lost. */
export type SubmissionTrace =
  | ({ kind: 'found' } & FoundJob)
  /** As above; or the scheduler refused, and knows no job. */
  | { kind: 'closed' }
  /** Nothing found. It counts as a look only when the scheduler and accounting both answered. */
  | { kind: 'no-trace'; counts: boolean }

/** What tells a job from another one that gets the same id later. */
export interface JobIdentity {
  jobName: string
  /** When it was submitted, or requeued; null when the scheduler did not tell. */
  submittedAtEpoch: number | null
}

/** What the scheduler lists of a job that has not ended. */
export interface Observation extends JobIdentity {
  phase: SchedulerPhase
  reason: string | null
  startedAt: string | null
  /** Of an array: its tasks that have not ended. */
  tasks?: readonly ListedTasks[]
  /** Of a Ray job: why its cluster could not be asked; then nothing else here is news. */
  unreachable?: string
}

/** One of our jobs, as accounting is asked about it: its id may have been another job's before, and may be again. */
export interface SubmittedJob {
  slurmJobId: string
  /** It ends the job's name. */
  token: string
  /** It was not submitted before. */
  orderedAt: Date
  /** When we were told its id; null when we do not know. */
  acceptedAt: Date | null
  /** How many tasks it has, where it is known as an array: then each task's ending is told. */
  tasks?: number
}

/** How a job ended, and which job accounting says it of. */
export interface RecordedEnding extends Ending, JobIdentity {}

/** How tasks of an array ended, as far as accounting knows: null has not ended; those of which it never heard are not there. */
export interface RecordedTasks extends JobIdentity {
  tasks: ReadonlyMap<number, Ending | null>
}

/** What accounting knows of a job: null has not ended, of undefined it never heard. */
export type RecordedJob = RecordedEnding | RecordedTasks | null | undefined

/** How long to wait before an absent job may be taken for one that was never submitted. */
export interface LookTimes {
  /** The longest that a submission may still be under way. */
  submitBoundSeconds: number
  /** After that, and after the scheduler's first good answer, how long until the first look counts. */
  settleSeconds: number
  /** How many looks, one a pass, must find nothing. */
  looks: number
}

/** So many ids stand in one question to accounting at most: it is heavy for the cluster's database. */
export const mostIdsAtOnce = 200

/** One task of an array, as a scheduler is asked to cancel, hold, release or requeue it. */
export const taskId = (slurmJobId: string, task: number): string => `${slurmJobId}_${task}`

/** What Lautta asks of a scheduler; SLURM over a shell is one, the processes of this machine are another. */
export interface Scheduler {
  readonly lookTimes: LookTimes
  /** Waits until one more may be submitted, as far as the platform's budget goes; false when nothing is any more. */
  awaitTurn(): Promise<boolean>
  /** Submits once for each right, however often it is called. Throws when the outcome is unknown or nothing was sent. */
  submit(submission: Submission): Promise<SubmissionAnswer>
  /** Reads what is known of a right without asking the scheduler for it; takes the right when nobody had. */
  readRight(right: SubmissionRight): Promise<RightTrace>
  /**
   * Looks for a submission whose answer was lost, and which was not made before `since`; takes the right when nobody had.
   * Many who look together are one question.
   */
  findSubmission(right: SubmissionRight, since: Date): Promise<SubmissionTrace>
  /**
   * All jobs of the user that have not ended, by id: one question, whatever their number. Ray jobs on clusters inside
   * SLURM jobs are looked for where those that are expected run.
   */
  listJobs(expected?: readonly string[]): Promise<ReadonlyMap<string, Observation>>
  /** How so many jobs ended at most, in their sequence. */
  findEndings(jobs: readonly SubmittedJob[]): Promise<readonly RecordedJob[]>
  /** Asks the scheduler to end a job, or one task; one that has ended is no error. */
  cancel(slurmJobId: string): Promise<void>
  /** Ends a job if it has not begun. */
  cancelPending(slurmJobId: string): Promise<void>
  /** Keeps a pending job or task from starting, lets it start again. What the scheduler refuses is a RefusedError in its words. */
  hold(slurmJobId: string): Promise<void>
  release(slurmJobId: string): Promise<void>
  /** Lets a job or task begin anew: once for each order, however often it is called. */
  requeue(slurmJobId: string, token: string, orderId: string): Promise<void>
  /**
   * Asks whether a job would be taken, and when it would begin: nothing is submitted. Throws when nobody says, and when
   * the signal was given before it could be asked.
   */
  testSubmission(submission: Submission, signal?: AbortSignal): Promise<TestedSubmission>
  /** The accounts that the user may bill; null where any will do. */
  findAccounts(): Promise<readonly string[] | null>
  /** What may be asked for; null where there are no partitions. */
  findLimits(): Promise<Limits | null>
  /** What is to be checked, one after the other, before jobs are sent that bill this account. */
  checks(account: string | null): readonly SchedulerCheck[]
  /** All lines of accounting of one job, and those that can't be read. Many who ask together are one question. */
  collectAccounting(job: SubmittedJob): Promise<Accounting>
  /**
   * What the platform's own seff says of a SLURM job that has ended; null where it says nothing. Many who ask together are
   * one question. Schedulers that never have a seff have no such question either.
   */
  readSeff?(slurmJobId: string): Promise<SeffReport | null>
  /** The SLURM jobs, of whomever, that ran for an account between two times, as far as the user may see them. */
  findBilledJobs?(account: string, from: Date, to: Date): Promise<readonly string[]>
}
