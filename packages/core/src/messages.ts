import { z } from 'zod'
import { estimateSchema } from './billing/estimate-job.ts'
import { clusterTemplateSchema } from './ray/cluster-template.ts'

/** Work of the submitter: find the user's unfinished orders, or drive one platform for the user. */
export const reconcileMessageSchema = z.object({ user: z.string(), platform: z.string().optional() })
export type ReconcileMessage = z.output<typeof reconcileMessageSchema>

/** Work of the monitor: bring the log and the accounting of one attempt. */
export const collectMessageSchema = z.object({
  user: z.string(),
  platform: z.string(),
  id: z.string(),
  index: z.number().int(),
  attempt: z.number().int()
})
export type CollectMessage = z.output<typeof collectMessageSchema>

/** A job of an order as sbatch is asked about it: the script's text and its options, but for `export`, which may hold values. */
const testedJobSchema = z.object({
  index: z.number().int(),
  path: z.string(),
  script: z.string().exactOptional(),
  'ray-cluster': clusterTemplateSchema.exactOptional(),
  // A Ray job: sbatch has nothing to say to it.
  ray: z.literal(true).exactOptional(),
  name: z.string().exactOptional(),
  array: z.string().exactOptional(),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.literal(true)])).exactOptional()
})

/**
 * What the forwarder asks about a platform in a user's name, for the submitter to find out there. Of an order it carries
 * the scripts' text, their options and the modules; no file, and no value of a transfer.
 */
export const questionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('probe'), user: z.string(), platform: z.string() }),
  z.object({ kind: z.literal('partitions'), user: z.string(), platform: z.string() }),
  z.object({
    kind: z.literal('dry-run'),
    user: z.string(),
    platform: z.string(),
    orderName: z.string(),
    modules: z.array(z.string()),
    venv: z.string().nullable().describe('its folder'),
    jobs: z.array(testedJobSchema)
  }),
  z.object({
    kind: z.literal('ray-cluster'),
    user: z.string(),
    platform: z.string(),
    cluster: z.string().nullable().describe("SLURM's id of the job that is the cluster; null: the platform itself is it")
  })
])
export type Question = z.output<typeof questionSchema>

/** A question on its way, and until when somebody waits for its answer, by Redis' clock. */
export const askedQuestionSchema = z.object({ question: questionSchema, untilMs: z.number() })
export type AskedQuestion = z.output<typeof askedQuestionSchema>

/** The steps on the way to a job, in their sequence; those after the first that fails are not tried. */
export const probeAnswerSchema = z.object({
  steps: z.array(
    z.object({
      step: z.enum(['name', 'tcp', 'host-key', 'login', 'shell', 'slurm', 'ray', 'account']),
      ok: z.boolean(),
      detail: z.string().describe('what was found, or why it failed, in the words of whoever said it')
    })
  )
})
export type ProbeAnswer = z.output<typeof probeAnswerSchema>

/** What the scheduler said of each job, without taking it. */
export const dryRunAnswerSchema = z.object({
  jobs: z.array(
    z.object({
      index: z.number().int(),
      accepted: z.boolean().nullable().describe('null: there was no time to ask about this job'),
      detail: z.string().describe("the scheduler's own words"),
      hint: z.string().exactOptional(),
      estimate: estimateSchema.exactOptional().describe('what the job would cost at most; absent when its script can not be read')
    })
  )
})
export type DryRunAnswer = z.output<typeof dryRunAnswerSchema>
