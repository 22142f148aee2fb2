import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import type { Ending, SchedulerPhase } from '@lautta/core/job/job-event'

/** The right to submit once: the token belongs to one attempt of one job, the try to one sbatch within it. */
export interface SubmissionRight {
  token: string
  try: number
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
  /** sbatch options by long name; true has no value. They win over the script's own directives. */
  options: Readonly<Record<string, string | number | true>>
}

/** A job that the scheduler took. */
export interface AcceptedJob {
  slurmJobId: string
  /** Files of its two streams; null when the scheduler did not tell. */
  outPath: string | null
  errPath: string | null
}

/** What came of a submission. */
export type SubmissionAnswer =
  | ({ kind: 'accepted' } & AcceptedJob)
  /** Surely not submitted, in the scheduler's own words. */
  | { kind: 'refused'; reason: string }
  /** Surely not submitted, because the platform's disk takes nothing. */
  | { kind: 'disk-full'; reason: string }
  /** The right is taken and no id is known. */
  | { kind: 'answer-lost' }

/** What was found of a submission whose answer was lost. */
export type SubmissionTrace =
  | ({ kind: 'found' } & AcceptedJob)
  /** Nothing was submitted and nothing can be any more: the right is ours now, unused. */
  | { kind: 'closed' }
  /** Nothing found. It counts as a look only when the scheduler and accounting both answered. */
  | { kind: 'no-trace'; counts: boolean }

/** What the scheduler lists of a job that has not ended. */
export interface Observation {
  phase: SchedulerPhase
  reason: string | null
  startedAt: string | null
}

/** How long to wait before an absent job may be taken for one that was never submitted. */
export interface LookTimes {
  /** The longest that a submission may still be under way. */
  submitBoundSeconds: number
  /** After that, and after the scheduler's first good answer, how long until the first look counts. */
  settleSeconds: number
  /** How many looks, one a pass, must find nothing. */
  looks: number
}

/** What Lautta asks of a scheduler; SLURM over a shell is one, the processes of this machine are another. */
export interface Scheduler {
  readonly lookTimes: LookTimes
  /** Submits once for each right, however often it is called. Throws when the outcome is unknown or nothing was sent. */
  submit(submission: Submission): Promise<SubmissionAnswer>
  /** Looks for a submission whose answer was lost; takes the right when nobody had. */
  findSubmission(right: SubmissionRight): Promise<SubmissionTrace>
  /** All jobs of the user that have not ended, by id: one question, whatever their number. */
  listJobs(): Promise<ReadonlyMap<string, Observation>>
  /**
   * How jobs ended, none of which was submitted before `since`; an id that accounting never heard of is absent, one that
   * has not ended is null.
   */
  findEndings(slurmJobIds: readonly string[], since: Date): Promise<ReadonlyMap<string, Ending | null>>
  /** Asks the scheduler to end a job; one that has ended is no error. */
  cancel(slurmJobId: string): Promise<void>
  /** All lines of accounting of one job. */
  collectAccounting(slurmJobId: string): Promise<AccountingRecord[]>
}
