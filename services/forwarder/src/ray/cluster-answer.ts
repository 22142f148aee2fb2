import { waitingConditions } from '@lautta/core/job/job'
import { outcomes } from '@lautta/core/job/outcome'
import { answerJob } from '@lautta/core/orchestration/answer'
import { type RayClusterAnswer, rayClusterAnswerSchema } from '@lautta/core/ray/tell-cluster'
import { z } from 'zod'
import type { FoundCluster } from './find-cluster.ts'

/** A Ray cluster as users see it. */
export const clusterAnswerSchema = z.object({
  name: z.string(),
  kind: z.enum(['static', 'slurm']).describe('static: a platform itself; slurm: a job of an order is the cluster'),
  platform: z.string(),
  orchestration: z.string().nullable().describe('the order whose job the cluster is: stopping it stops the cluster'),
  index: z.number().nullable(),
  state: z.string().nullable().describe('of the job that is the cluster; null: a platform has none, a probe tells'),
  outcome: z.enum(outcomes).nullable(),
  waiting: z.enum(waitingConditions).nullable(),
  reason: z.string().nullable(),
  'slurm-job-id': z.string().nullable(),
  'started-at': z.string().nullable(),
  probe: rayClusterAnswerSchema.optional().describe('asked for by probe=true: what the cluster says of itself')
})
export type ClusterAnswer = z.output<typeof clusterAnswerSchema>

/** A cluster, and what it said of itself where it was asked. */
export function answerCluster({ name, place, within }: FoundCluster, probe?: RayClusterAnswer): ClusterAnswer {
  const told = probe === undefined ? {} : { probe }
  const { platform } = place
  if (within === null) {
    const noJob = { orchestration: null, index: null, state: null, outcome: null, waiting: null, reason: null }
    return { name, kind: 'static', platform, ...noJob, 'slurm-job-id': null, 'started-at': null, ...told }
  }
  const { id, index, state, outcome, waiting, reason, 'started-at': startedAt } = answerJob(within.known, within.one)
  return {
    ...{ name, kind: 'slurm', platform, orchestration: within.known.request.id, index, state, outcome, waiting, reason },
    'slurm-job-id': id === 'None' ? null : id,
    'started-at': startedAt,
    ...told
  }
}
