import { z } from 'zod'
import { complaintAboutPath, trimObjectPath } from '../object-path.ts'
import { jobEnvironmentSchema } from '../orchestration/job-environment.ts'
import { requirementSchema } from '../requirement.ts'

const clusterForm = /^(?:([A-Za-z0-9][A-Za-z0-9._-]{0,63})\/)?job:(0|[1-9]\d*)$/

const parametersSchema = z.record(z.string(), z.json()).describe('what the file gets as its one argument, as JSON; none for {}')

/** Ray takes any id, but what has a slash in it can not be asked for. */
const submissionIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'write letters, digits and . _ -, at most 100 of them')

const resourcesSchema = z
  .strictObject({
    cpus: z.number().min(0).optional(),
    gpus: z.number().min(0).optional(),
    'memory-bytes': z.number().int().positive().optional(),
    custom: z.record(z.string(), z.number().min(0)).optional()
  })
  .describe('what the cluster keeps free for the entrypoint itself; what its tasks need they say')

const jobShape = {
  file: z
    .string()
    .max(1000)
    .superRefine((path, context) => {
      const complaint = path.startsWith('-') ? 'the path looks like an option' : complaintAboutPath(path)
      if (complaint !== null) context.addIssue({ code: 'custom', message: complaint })
    })
    .optional()
    .describe('the Python file in the directory that is run'),
  directory: z
    .string()
    .transform(trimObjectPath)
    .superRefine((path, context) => {
      const complaint = path === '' ? null : complaintAboutPath(path.replace(/\/$/, ''))
      if (complaint !== null) context.addIssue({ code: 'custom', message: complaint })
    })
    .default('')
    .describe('a folder of the pipeline bucket, such as CODE/RAY/processing; empty: the Ray job has no files'),
  parameters: parametersSchema.default({}),
  'env-vars': jobEnvironmentSchema.default({}),
  packages: z.array(requirementSchema).default([]).describe('pip requirements'),
  entrypoint: z.string().min(1).max(100_000).optional().describe('a shell command in place of file and parameters'),
  'submission-id': submissionIdSchema.optional().describe("Ray's own id of the first attempt; else Lautta chooses"),
  resources: resourcesSchema.optional(),
  'give-up-seconds': z
    .number()
    .int()
    .positive()
    .optional()
    .describe('a cluster that does not answer for so long counts as dead, though the Ray job may still run there')
}

const clusterSchema = z
  .string()
  .regex(
    clusterForm,
    'write job:<index>, a job on the same platform that starts a Ray cluster; of another order <id>/job:<index>'
  )

interface Command {
  file?: string | undefined
  entrypoint?: string | undefined
}

function complainAboutCommand({ file, entrypoint }: Command, context: z.RefinementCtx): void {
  if ((file === undefined) === (entrypoint === undefined))
    context.addIssue({ code: 'custom', message: 'give either file or entrypoint' })
}

/** A Ray job as an order asks for it. */
export const rayJobSchema = z.strictObject({ ...jobShape, cluster: clusterSchema.optional() }).superRefine(complainAboutCommand)
export type RayJobRequest = z.output<typeof rayJobSchema>

/** A Ray job as POST /v1/ray/clusters/{c}/jobs asks for it: which cluster is said already. */
export const rayJobOnClusterSchema = z.strictObject(jobShape).superRefine(complainAboutCommand)

/** The Ray job that a fan-out makes of each share: one that can be told its items. */
export const rayJobOfShareSchema = z
  .strictObject(jobShape)
  .omit({ entrypoint: true, 'submission-id': true })
  .required({ file: true })
export type RayJobOfShare = z.output<typeof rayJobOfShareSchema>

/** A job whose Ray cluster a Ray job wants, on the same platform; of the same order without its id. */
export interface ClusterReference {
  orchestration: string | null
  index: number
}

/** The job whose cluster a Ray job wants; null: the platform itself is the cluster. */
export function readClusterReference({ cluster }: Pick<RayJobRequest, 'cluster'>): ClusterReference | null {
  const [, orchestration = null, index] = clusterForm.exec(cluster ?? '') ?? []
  return index === undefined ? null : { orchestration, index: Number(index) }
}

/** How a Ray job names the cluster that a job of another order starts. */
export function writeClusterReference({ orchestration, index }: { orchestration: string; index: number }): string {
  return `${orchestration}/job:${index}`
}
