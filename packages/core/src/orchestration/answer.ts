import { posix } from 'node:path'
import { z } from 'zod'
import { spendingLimitSchema } from '../billing/spending-limit.ts'
import type { Environment } from '../documents/environment-document.ts'
import { countTasks, spreadTasks } from '../job/array-tasks.ts'
import { type Job, slurmJobIdOf, taskStates, waitingConditions } from '../job/job.ts'
import { foldOrders, startOf, stopOf } from '../job/orders.ts'
import { outcomes, retryCauses, worstOutcome } from '../job/outcome.ts'
import type { Complaint } from './complaints.ts'
import { type JobRequest, type PlatformRequest, type StatusFlags, statusFlagsSchema } from './dictionary.ts'
import { jobEnvironmentSchema } from './job-environment.ts'
import { allJobsOf, isJobOver, jobsOf, type KnownJob, type KnownOrder, partsOf } from './known-order.ts'
import { needSchema } from './needs.ts'
import { propertiesOf, propertiesSchema } from './properties.ts'

const orderStates = ['declared', 'active', 'finished', 'refused'] as const
const waitingSchema = z.enum(waitingConditions).nullable()
const outcomeSchema = z.enum(outcomes).nullable()

/** As the request has it, with defaults filled in. */
const asItStands = z.record(z.string(), z.unknown())

/** One job of an answer: seed 000's fields, then ours. */
export const jobAnswerSchema = z.object({
  path: z.string(),
  script: z.string().optional(),
  ray: asItStands.optional(),
  'ray-cluster': asItStands.optional(),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.literal(true)])).optional(),
  environment: jobEnvironmentSchema.optional(),
  array: z.string().optional(),
  retries: z.partialRecord(z.enum(retryCauses), z.number()).optional(),
  needs: z.array(needSchema).optional(),
  id: z.string().describe("SLURM's id; 'None' before there is one"),
  status: statusFlagsSchema,
  index: z.number(),
  name: z.string(),
  state: z.string(),
  outcome: outcomeSchema,
  'exit-code': z.number().nullable(),
  reason: z.string().nullable(),
  waiting: waitingSchema,
  attempt: z.number(),
  restart: z.number(),
  'submitted-at': z.string().nullable(),
  'started-at': z.string().nullable(),
  'ended-at': z.string().nullable(),
  estimate: z
    .object({ 'cpu-bu': z.number(), 'gpu-bu': z.number() })
    .optional()
    .describe('what the attempt may cost at most: from when it is about to be submitted, where a billing formula is known'),
  'tasks-by-state': z
    .partialRecord(z.enum(taskStates), z.number())
    .optional()
    .describe('of an array that was submitted: how many of its tasks are in which state')
})
export type JobAnswer = z.output<typeof jobAnswerSchema>

/** One job by itself: of an array, with each of its tasks. */
export const jobDetailSchema = jobAnswerSchema.extend({
  tasks: z
    .array(
      z.object({
        task: z.number(),
        state: z.enum(taskStates),
        outcome: outcomeSchema,
        'exit-code': z.number().nullable(),
        reason: z.string().nullable()
      })
    )
    .optional()
    .describe('of an array that was submitted: its tasks in the present attempt')
})

const headSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(orderStates),
  outcome: outcomeSchema,
  waiting: waitingSchema,
  'created-at': z.string(),
  labels: z.record(z.string(), z.string()),
  limit: spendingLimitSchema.optional(),
  warnings: z.array(z.string()),
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .describe('why the state is refused')
})

/** An order in a list. */
export const orderSummarySchema = headSchema.extend({ platforms: z.array(z.string()) })
export type OrderSummary = z.output<typeof orderSummarySchema>

const strings = z.array(z.string())
const directionAnswer = z.object({ place: z.string(), path: z.string(), value: z.string() })
const transferAnswer = z.object({ source: directionAnswer, target: directionAnswer })

const platformAnswerSchema = z.object({
  properties: propertiesSchema,
  configs: z.object({
    modules: strings,
    venv: z.object({ name: z.string(), path: z.string(), modules: strings, packages: strings })
  }),
  files: z.object({
    send: z.array(z.object({ transfer: transferAnswer, overwrite: z.boolean() })),
    get: z.array(z.object({ transfer: transferAnswer, remove: z.boolean() }))
  }),
  jobs: z.array(jobAnswerSchema)
})

/** Seed 000's Orchestration with every field of its own, and ours. */
export const orderAnswerSchema = headSchema.extend({ platforms: z.record(z.string(), platformAnswerSchema) })
export type OrderAnswer = z.output<typeof orderAnswerSchema>

/** What a user finds on platforms, as far as it is known. */
type Environments = ReadonlyMap<string, Environment | null>

/** The order as users see it. */
export function answerOrder(known: KnownOrder, environments: Environments = new Map()): OrderAnswer {
  const answer = ([name, part]: [string, PlatformRequest]) => [name, answerPlatform(known, name, part, environments)]
  return { ...answerHead(known), platforms: Object.fromEntries([...partsOf(known)].map(answer)) }
}

/** The order as one line of a list. */
export function summariseOrder(known: KnownOrder): OrderSummary {
  return { ...answerHead(known), platforms: [...partsOf(known).keys()] }
}

function answerHead(known: KnownOrder): z.output<typeof headSchema> {
  const { id, createdAt, warnings, request, version, errors } = known.request
  const jobs = allJobsOf(known)
  const isOver = jobs.every((one) => isJobOver(known, one))
  // While jobs of an earlier version go on, theirs is the state.
  const isRefused = errors.length > 0 && version === null && isOver
  const isStarted = jobs.some(({ platform, job }) => job.state.kind !== 'declared' || flagsOf(known, platform, job).start)
  return {
    id,
    name: request.name,
    state: isRefused ? 'refused' : isOver ? 'finished' : isStarted ? 'active' : 'declared',
    outcome: isOver ? worstOutcome(jobs.map(({ job }) => outcomeOf(job))) : null,
    waiting: waitingOf(jobs),
    'created-at': createdAt,
    labels: request.labels,
    ...(request.limit === undefined ? {} : { limit: request.limit }),
    ...(isRefused ? { warnings: [...warnings], errors: [...errors] } : { warnings: [...warnings, ...errors.map(describeError)] })
  }
}

/** What an order waits for; that jobs need other ones is told only when nothing else keeps any of them. */
function waitingOf(jobs: readonly KnownJob[]): Job['waiting'] {
  const conditions = jobs.flatMap(({ job }) => job.waiting ?? [])
  return conditions.find((one) => one !== 'need') ?? conditions[0] ?? null
}

function describeError({ path, message }: Complaint): string {
  return `the newest version is not taken in: ${path === '' ? '' : `${path}: `}${message}`
}

function answerPlatform(
  known: KnownOrder,
  name: string,
  { configs, files }: PlatformRequest,
  environments: Environments
): OrderAnswer['platforms'][string] {
  return {
    properties: propertiesOf(environments.get(name) ?? null),
    configs,
    files,
    jobs: jobsOf(known, name).map((one) => answerJob(known, one))
  }
}

/** One job as users see it. */
export function answerJob(known: KnownOrder, { platform, request, job }: KnownJob): JobAnswer {
  const { state } = job
  const isEnding = state.kind === 'finishing' || state.kind === 'finished'
  return {
    path: request.path,
    ...(request.script === undefined ? {} : { script: request.script }),
    ...(request.ray === undefined ? {} : { ray: request.ray }),
    ...(request['ray-cluster'] === undefined ? {} : { 'ray-cluster': request['ray-cluster'] }),
    ...(request.options === undefined ? {} : { options: request.options }),
    ...(request.environment === undefined ? {} : { environment: request.environment }),
    ...(request.array === undefined ? {} : { array: request.array }),
    ...(request.retries === undefined ? {} : { retries: request.retries }),
    ...(request.needs === undefined ? {} : { needs: request.needs }),
    id: slurmJobIdOf(job) ?? 'None',
    status: flagsOf(known, platform, job),
    index: job.index,
    name: jobTitle(request, known.request.request.name),
    state: state.kind,
    outcome: outcomeOf(job),
    'exit-code': isEnding ? state.exitCode : null,
    reason: isEnding || state.kind === 'queued' ? state.reason : null,
    waiting: job.waiting,
    attempt: job.attempt,
    restart: job.restart,
    'submitted-at': job.submittedAt,
    'started-at': job.startedAt,
    'ended-at': job.endedAt,
    ...(job.estimate === null ? {} : { estimate: { 'cpu-bu': job.estimate.cpuBu, 'gpu-bu': job.estimate.gpuBu } }),
    ...(job.tasks.length === 0 ? {} : { 'tasks-by-state': countTasks(job.tasks) })
  }
}

/** One job as users see it who ask for it alone. */
export function answerJobInDetail(known: KnownOrder, found: KnownJob): z.output<typeof jobDetailSchema> {
  const answer = answerJob(known, found)
  if (found.job.tasks.length === 0) return answer
  const tasks = [...spreadTasks(found.job)].map(([task, { state, outcome, exitCode, reason }]) => {
    return { task, state, outcome, 'exit-code': exitCode, reason }
  })
  return { ...answer, tasks }
}

/** What the user calls a job. */
function jobTitle({ name, options, path, ray }: JobRequest, orderName: string): string {
  const given = options?.['job-name']
  const file = path === 'None' ? ray?.file : path
  return name ?? (typeof given === 'string' ? given : file === undefined ? orderName : posix.basename(file))
}

function outcomeOf({ state }: Job): JobAnswer['outcome'] {
  return state.kind === 'finishing' || state.kind === 'finished' ? state.outcome : null
}

function flagsOf({ orders }: KnownOrder, platform: string, job: Job): StatusFlags {
  const mine = foldOrders(orders, [], platform, job.index)
  const { state } = job
  const ended = state.kind === 'finished' ? state.outcome : null
  return {
    start: startOf(mine, job.attempt) !== null,
    config: job.preparedAt !== null,
    submit: slurmJobIdOf(job) !== null,
    pending: state.kind === 'queued',
    running: state.kind === 'running',
    failed: ended !== null && ended !== 'completed' && ended !== 'cancelled',
    complete: ended === 'completed',
    cancel: stopOf(mine, job.attempt) !== null,
    stopped: slurmJobIdOf(job) !== null && (state.kind === 'finishing' || state.kind === 'finished'),
    stored: state.kind === 'finished' && state.collecting === 'stored'
  }
}
