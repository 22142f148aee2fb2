import { z } from 'zod'
import { spendingLimitSchema } from '../billing/spending-limit.ts'
import { retryCauses } from '../job/outcome.ts'
import { parseArray } from '../job/task-set.ts'
import { clusterTemplateSchema } from '../ray/cluster-template.ts'
import { rayJobSchema } from '../ray/ray-job.ts'
import { requirementSchema } from '../requirement.ts'
import { complaintAboutPlatformPath, directionSchema, readPlace } from './direction.ts'
import { jobEnvironmentSchema } from './job-environment.ts'
import { complaintsAboutNeeds, needSchema } from './needs.ts'
import { complaintsAboutRay } from './ray-places.ts'

/** Fields that only answers carry: read and dropped, so that an answer can be posted back. */
const readOnly = z.unknown().optional()

const flagSchema = z.boolean().default(false)

/** The ten flags of seed 000. In a request only `start` and `cancel` mean something: they are orders. */
export const statusFlagsSchema = z.strictObject({
  start: flagSchema,
  config: flagSchema,
  submit: flagSchema,
  pending: flagSchema,
  running: flagSchema,
  failed: flagSchema,
  complete: flagSchema,
  cancel: flagSchema,
  stopped: flagSchema,
  stored: flagSchema
})
export type StatusFlags = z.output<typeof statusFlagsSchema>

const noVenv = { name: 'None', path: 'None', modules: [], packages: [] }

// The words are narrow: Lmod hands them to a shell without quoting them.
const moduleEntry = z
  .string()
  .trim()
  .regex(
    /^(use +[\w.+/~-]+|(load +)?[A-Za-z0-9][\w.+/-]*)$/,
    'write name, name/version or `use <dir>`, one module per entry, in letters, digits and . _ + - /'
  )

const venvSchema = z.strictObject({
  name: z
    .string()
    .regex(/^(?!\.{1,2}$)[^/\p{Cc}]+$/u, 'write the name of a folder, without a slash')
    .default('None'),
  path: z
    .string()
    .regex(/^\P{Cc}+$/u, 'no control characters')
    .default('None'),
  modules: z.array(moduleEntry).default([]),
  packages: z.array(requirementSchema).default([])
})

const configsSchema = z.strictObject({
  modules: z.array(moduleEntry).default([]).describe('module entries, name[/version] or `use <dir>`, loaded before sbatch'),
  venv: venvSchema.default(noVenv)
})
export type Configs = z.output<typeof configsSchema>

const onPlatform = directionSchema(['hpc/<platform>'])
const sendSource = directionSchema([
  'inline',
  'local/submitter',
  'storage/allas/pipeline',
  'storage/allas/experiment',
  'storage/allas/submitter'
])
const getTarget = directionSchema(['storage/allas/pipeline', 'storage/allas/experiment'])

const sendSchema = z.strictObject({
  transfer: z
    .strictObject({ source: sendSource, target: onPlatform })
    .describe('a source in the store that ends in / is a folder: all objects below it go into the target'),
  overwrite: z.boolean().default(false).describe('else a target that is there is kept')
})
const getSchema = z.strictObject({
  transfer: z
    .strictObject({ source: onPlatform, target: getTarget })
    .describe("{0} is the job's id, {1} the array's task; *, ?, [a-z] and ** in the source, and the target is a folder"),
  remove: z.boolean().default(false).describe('once what was brought is verified')
})
const noFiles = { send: [], get: [] }
const filesSchema = z.preprocess(
  // Seed 000's pydantic model has an empty list as the default of `files`.
  (value) => (Array.isArray(value) && value.length === 0 ? noFiles : value),
  z.strictObject({ send: z.array(sendSchema).default([]), get: z.array(getSchema).default([]) }).default(noFiles)
)
export type Send = z.output<typeof sendSchema>
export type Get = z.output<typeof getSchema>

// Options that the submit protocol sets itself, or that would make sbatch do something else than submit one job.
const reservedOptions = ['array', 'clusters', 'help', 'parsable', 'quiet', 'test-only', 'usage', 'version', 'wait', 'wrap']

const optionName = z
  .string()
  .regex(/^[a-z][a-z-]*$/, 'write the option by its long name, without dashes before it')
  // sbatch takes an abbreviation for the whole name.
  .refine((name) => !reservedOptions.some((reserved) => reserved.startsWith(name)), {
    error: ({ input }) => (input === 'array' ? 'give the job an `array` instead' : 'Lautta sets this option itself')
  })
  .refine((name) => name === 'job-name' || !'job-name'.startsWith(name), 'write job-name in full, or give the job a `name`')

/** sbatch options of a job. */
export const optionsSchema = z
  .record(
    optionName,
    z.union([
      z
        .string()
        .max(2000)
        .regex(/^\P{Cc}*$/u, 'no control characters'),
      z.number(),
      z.literal(true)
    ])
  )
  .describe('sbatch options by long name; true for an option without a value')

/** The tasks of an array job. */
export const arraySchema = z
  .string()
  .max(10_000)
  .refine(
    (text) => parseArray(text) !== null,
    'write tasks as sbatch takes them: 0-15, 4,7,22 or 1-100:20, with %5 behind them to run five at once; at most 100,000 of them'
  )
  .describe('makes it an array job of these tasks, as in `sbatch --array`')

const retriesSchema = z
  .partialRecord(z.enum(retryCauses), z.number().int().min(0).max(10))
  .describe('how often the job is run again by itself after which outcome')

/** A Ray job is no batch job: what sbatch would be told, nobody hears. */
function complainAboutBatchKeys(job: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const key of ['options', 'environment', 'array'].filter((name) => job[name] !== undefined)) {
    const hint = key === 'environment' ? 'give env-vars in ray' : 'that is for batch jobs'
    context.addIssue({ code: 'custom', path: [key], message: `a Ray job has no ${key}: ${hint}` })
  }
}

const jobSchema = z
  .strictObject({
    path: z.string().default('None').describe('the batch script on the platform'),
    script: z.string().min(1).optional().describe('the batch script itself, in place of path'),
    ray: rayJobSchema.optional().describe('a Ray job, in place of path'),
    'ray-cluster': clusterTemplateSchema.optional().describe('a batch job that is a Ray cluster, in place of path'),
    name: z.string().min(1).max(200).optional(),
    options: optionsSchema.optional(),
    environment: jobEnvironmentSchema.optional(),
    array: arraySchema.optional(),
    retries: retriesSchema.optional(),
    needs: z
      .array(needSchema)
      .optional()
      .describe('jobs of this order that have to end before this one begins; on their own they have to complete'),
    id: z.string().default('None'),
    status: statusFlagsSchema.optional(),
    attempt: z.number().int().optional(),
    index: readOnly,
    state: readOnly,
    outcome: readOnly,
    'exit-code': readOnly,
    reason: readOnly,
    waiting: readOnly,
    restart: readOnly,
    'submitted-at': readOnly,
    'started-at': readOnly,
    'ended-at': readOnly,
    'tasks-by-state': readOnly,
    estimate: readOnly,
    tasks: readOnly
  })
  .superRefine((job, context) => {
    const { path, script, ray } = job
    const hasPath = path !== 'None'
    const works = [hasPath, script !== undefined, ray !== undefined, job['ray-cluster'] !== undefined]
    if (works.filter(Boolean).length !== 1)
      context.addIssue({ code: 'custom', message: 'give one of path, script, ray and ray-cluster' })
    if (ray !== undefined) complainAboutBatchKeys(job, context)
    const complaint = hasPath ? complaintAboutPlatformPath(path) : null
    if (complaint !== null) context.addIssue({ code: 'custom', path: ['path'], message: complaint })
  })
  .transform(
    ({ path, script, ray, 'ray-cluster': rayCluster, name, options, environment, array, retries, needs, attempt, status }) => ({
      path,
      ...(script === undefined ? {} : { script }),
      ...(ray === undefined ? {} : { ray }),
      ...(rayCluster === undefined ? {} : { 'ray-cluster': rayCluster }),
      ...(name === undefined ? {} : { name }),
      ...(options === undefined ? {} : { options }),
      ...(environment === undefined ? {} : { environment }),
      ...(array === undefined ? {} : { array }),
      ...(retries === undefined ? {} : { retries }),
      ...(needs === undefined ? {} : { needs }),
      // An answer that is posted back carries `attempt`: its flags are then a report, not orders.
      status: { start: attempt === undefined && status?.start === true, cancel: attempt === undefined && status?.cancel === true }
    })
  )
export type JobRequest = z.output<typeof jobSchema>

const platformSchema = z
  .strictObject({
    properties: readOnly,
    configs: configsSchema.default({ modules: [], venv: noVenv }),
    files: filesSchema,
    jobs: z.array(jobSchema).min(1, 'name at least one job')
  })
  .transform(({ configs, files, jobs }) => ({ configs, files, jobs }))
export type PlatformRequest = z.output<typeof platformSchema>

const labelSchema = z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/), z.string().max(200))

/**
 * The dictionary of seed 000, as POST /v1/orchestrations takes it. `known` are the platforms that an order may name;
 * every complaint names its field. Of them `rayClusters` are Ray clusters.
 */
export function orchestrationSchema(known: readonly string[], rayClusters: readonly string[] = []) {
  return z
    .strictObject({
      name: z.string().min(1).max(200),
      platforms: z
        .record(
          z.string().refine((name) => known.includes(name), `unknown platform; known are ${known.join(', ')}`),
          platformSchema
        )
        .refine((platforms) => Object.keys(platforms).length > 0, 'name at least one platform'),
      labels: labelSchema.default({}),
      limit: spendingLimitSchema.optional(),
      id: readOnly,
      state: readOnly,
      outcome: readOnly,
      waiting: readOnly,
      'created-at': readOnly,
      warnings: readOnly,
      errors: readOnly
    })
    .superRefine(({ platforms }, context) => {
      const complaints = [...complaintsAboutNeeds(platforms), ...complaintsAboutRay(platforms, rayClusters)]
      for (const complaint of complaints) context.addIssue({ code: 'custom', ...complaint })
    })
    .transform(({ name, platforms, labels, limit }) => ({ name, labels, ...(limit === undefined ? {} : { limit }), platforms }))
}
export type Orchestration = z.output<ReturnType<typeof orchestrationSchema>>

/** What was accepted but read otherwise than written: told in the answer. */
export function warningsAbout({ platforms }: Orchestration): string[] {
  return Object.entries(platforms).flatMap(([platform, { files }]) =>
    [...files.send.map(({ transfer }) => transfer.target.place), ...files.get.map(({ transfer }) => transfer.source.place)]
      .map((place) => readPlace(place))
      .flatMap((place) => (place?.kind === 'platform' && place.platform !== platform ? [place.platform] : []))
      .filter((other, index, all) => all.indexOf(other) === index)
      .map((other) => `platforms.${platform}.files: hpc/${other} is read as hpc/${platform}`)
  )
}
