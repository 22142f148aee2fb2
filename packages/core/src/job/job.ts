import { z } from 'zod'
import { taskControlKinds } from '../documents/order-document.ts'
import type { FromWire } from '../wire.ts'
import { outcomes } from './outcome.ts'

const at = z.string()

/** Why a job does not go on although nothing is wrong with it. */
export const waitingConditions = ['credentials', 'platform', 'storage', 'need', 'limit', 'platform-disk'] as const
export type WaitingCondition = (typeof waitingConditions)[number]

/** How a job ended, as far as the platform told. */
const endingSchema = {
  outcome: z.enum(outcomes),
  'exit-code': z.number().int().nullable(),
  reason: z.string().nullable()
}

/** Where one job is in its life; each variant carries only what is known in that state. */
const jobStateSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('declared') }),
  z.object({ kind: z.literal('preparing') }),
  // `answer-lost`: sbatch may or may not have been heard, so we look for the job before we act again.
  z.object({ kind: z.literal('submitting'), try: z.number().int(), 'answer-lost': z.boolean() }),
  z.object({ kind: z.literal('queued'), 'slurm-job-id': z.string(), reason: z.string().nullable() }),
  z.object({ kind: z.literal('running'), 'slurm-job-id': z.string() }),
  z.object({ kind: z.literal('finishing'), 'slurm-job-id': z.string(), ...endingSchema }),
  z.object({
    kind: z.literal('finished'),
    'slurm-job-id': z.string().nullable(),
    ...endingSchema,
    // Whether its files, log and tables are in the object store.
    collecting: z.enum(['owed', 'stored', 'given-up'])
  })
])

/** The moments of one attempt, from the order to the end; null is not yet, or never. */
const momentsSchema = {
  'start-ordered-at': at.nullable(),
  'stop-ordered-at': at.nullable(),
  'preparing-at': at.nullable(),
  'prepared-at': at.nullable(),
  'submitted-at': at.nullable(),
  'started-at': at.nullable(),
  'ended-at': at.nullable(),
  // Later than the end itself when nobody looked.
  'end-seen-at': at.nullable()
}

/** A control order that was carried out; of an array it may be about one task. */
const doneControlSchema = z.object({
  id: z.string(),
  order: z.enum(taskControlKinds),
  task: z.number().int().nullable().default(null),
  // When the platform had answered, and whether it refused; older documents do not tell.
  'done-at': at.exactOptional(),
  refused: z.literal(true).exactOptional()
})

/** One that was taken up; with the cancel of a task go those that come next, as one. */
const controlSchema = doneControlSchema.extend({
  also: z.array(z.object({ id: z.string(), task: z.number().int() })).default([])
})

/** Where the platform writes the job's two streams; of an array with `%a` where the number of a task stands. */
const logSchema = { 'out-path': z.string().nullable(), 'err-path': z.string().nullable() }

/** Where a task of an array is. */
export const taskStates = ['queued', 'running', 'finishing', 'finished'] as const

/** Tasks of an array that are in one state: `tasks` is a list like `0-3,7`. A task that has ended has an outcome. */
const taskGroupSchema = z.object({
  tasks: z.string(),
  state: z.enum(taskStates),
  outcome: z.enum(outcomes).nullable(),
  'exit-code': z.number().int().nullable(),
  reason: z.string().nullable()
})

const attemptSchema = z.object({
  attempt: z.number().int(),
  restart: z.number().int(),
  // Of an adopted request: the version that the attempt goes by, once it was taken up.
  version: z.number().int().nullable().default(null),
  state: jobStateSchema,
  // The one that is to be carried out now, and those that were.
  control: controlSchema.nullable().default(null),
  'controls-done': z.array(doneControlSchema).default([]),
  // All tasks of an array, as a list, from when it is about to be submitted. Null for any other job.
  array: z.string().nullable().default(null),
  tasks: z.array(taskGroupSchema).default([]),
  // What it may cost at most, from when it is about to be submitted. Null where no billing formula is known.
  estimate: z.object({ 'cpu-bu': z.number(), 'gpu-bu': z.number() }).nullable().default(null),
  ...momentsSchema,
  ...logSchema
})

/** One job as a status document keeps it: its present attempt, and the earlier ones. */
export const jobSchema = attemptSchema.extend({
  index: z.number().int(),
  waiting: z.enum(waitingConditions).nullable(),
  // Outcomes after which it is run again by itself, one entry for each time that is left.
  retries: z.array(z.enum(outcomes)).default([]),
  earlier: z.array(attemptSchema)
})

export type JobState = FromWire<z.output<typeof jobStateSchema>>
export type TaskGroup = FromWire<z.output<typeof taskGroupSchema>>
export type FinishedState = Extract<JobState, { kind: 'finished' }>
/** One attempt of a job: `attempt` is our count of starts, `restart` counts SLURM's requeues within it. */
export type Attempt = FromWire<z.output<typeof attemptSchema>>
export type Job = FromWire<z.output<typeof jobSchema>>

/** A job that nobody has started yet. */
export function declareJob(index: number): Job {
  return {
    index,
    attempt: 1,
    restart: 0,
    version: null,
    control: null,
    controlsDone: [],
    array: null,
    tasks: [],
    estimate: null,
    state: { kind: 'declared' },
    waiting: null,
    retries: [],
    ...noMoments,
    outPath: null,
    errPath: null,
    earlier: []
  }
}

/** The moments of an attempt in which nothing has happened yet. */
const noMoments = {
  startOrderedAt: null,
  stopOrderedAt: null,
  preparingAt: null,
  preparedAt: null,
  submittedAt: null,
  startedAt: null,
  endedAt: null,
  endSeenAt: null
}

/** SLURM's id of an attempt, once it has one. */
export function slurmJobIdOf({ state }: Pick<Attempt, 'state'>): string | null {
  return 'slurmJobId' in state ? state.slurmJobId : null
}

/** Whether nothing more will happen to this attempt, unless somebody starts the job again. */
export function isFinished<Of extends Pick<Attempt, 'state'>>(of: Of): of is Of & { state: FinishedState } {
  return of.state.kind === 'finished'
}

/** Whether an attempt is on the platform's queue or runs there. */
export function isOnPlatform({ state }: Pick<Attempt, 'state'>): boolean {
  return state.kind === 'queued' || state.kind === 'running'
}
