import type { Job, WaitingCondition } from './job.ts'
import type { JobOrders } from './orders.ts'
import type { Outcome } from './outcome.ts'

/** What the scheduler says of a job that it still knows. */
export type SchedulerPhase = 'pending' | 'running'

/** How a job ended, from accounting or from the job's own end marker: the evidence for a terminal state. */
export interface Ending {
  outcome: Outcome
  exitCode: number | null
  reason: string | null
  startedAt: string | null
  endedAt: string | null
}

/** Tasks of an array that the scheduler lists in one state. */
export interface ListedTasks {
  tasks: readonly number[]
  phase: SchedulerPhase
  reason: string | null
}

/** How a request that was adopted stands for one job. */
interface RequestStand {
  /** The version that counts now. */
  version: number | null
  /** The job is not in it any more: it is not started again. */
  isDropped: boolean
  /** Outcomes after which it is to be run again by itself, one entry for each time. */
  retries: Job['retries']
}

/** How it stands with the other jobs that a job needs; the words say which of them, and why. */
export type NeedsStand = { kind: 'met' } | { kind: 'waiting' | 'not-met'; words: string }

/** What happened to a job: a fact in the past tense, never a request. */
export type JobEvent =
  /** The folded orders, and how the request stands; a level that is told again in every pass. */
  | ({ type: 'ordersRead'; orders: JobOrders } & Partial<RequestStand>)
  /** How it stands with what it needs; a level, like the orders. */
  | { type: 'needsRead'; stand: NeedsStand }
  /** The platform works on what was to be prepared: it is asked again later. */
  | { type: 'preparationGoesOn' }
  | { type: 'prepared' }
  | { type: 'preparationRefused'; reason: string }
  /** What is about to be submitted is an array of these tasks, as a list; null is none. */
  | { type: 'arrayComposed'; array: string | null }
  /** What is about to be submitted may cost so much; null: nobody can tell. */
  | { type: 'estimated'; estimate: Job['estimate'] }
  | { type: 'submissionAccepted'; slurmJobId: string; outPath: string | null; errPath: string | null }
  | { type: 'submissionRefused'; reason: string }
  /** Refused because the user has as many jobs there as are allowed: it waits until there is room. */
  | { type: 'limitReached'; reason: string }
  /** The right to submit is taken and no id is known: sbatch may or may not have been heard. */
  | { type: 'answerLost' }
  /** Nothing was submitted with this try, and the right to submit with it is used up. */
  | { type: 'submissionNotFound' }
  | { type: 'observed'; phase: SchedulerPhase; reason: string | null; startedAt: string | null; tasks?: readonly ListedTasks[] }
  /** A control order was carried out, or refused by the platform in its own words. */
  | { type: 'controlDone'; id: string; words: string; refused?: true }
  /** Not listed any more. No end: evidence is owed. */
  | { type: 'goneFromScheduler' }
  | { type: 'accountingFound'; ending: Ending }
  /**
   * How tasks of an array ended, as far as accounting knows: null has not ended. With `isAll`, those of which it says
   * nothing have no record, and there will be none.
   */
  | { type: 'tasksFound'; endings: ReadonlyMap<number, Ending | null>; isAll: boolean }
  /** Accounting answered repeatedly that it never heard of the job. */
  | { type: 'neverHeardOf' }
  | { type: 'filesBrought' }
  /** All of the attempt was seen in the object store. */
  | { type: 'storedSeen'; attempt: number }
  /** Its log and accounting could not be brought for so long that nobody tries any more. */
  | { type: 'collectingGivenUp'; attempt: number; reason: string }
  /** The job can't go on for a reason that is not its own fault. */
  | { type: 'waited'; on: WaitingCondition; reason: string }
  /** Something worth telling that changes no state. */
  | { type: 'noticed'; notice: string }

/** What the submitter must do next: data in the imperative, not a call. */
export type JobEffect =
  | 'prepare'
  | 'submit'
  | 'findSubmission'
  | 'findAccounting'
  | 'cancel'
  | 'control'
  | 'bringFiles'
  | 'askToCollect'
