import { waitingConditions } from '@lautta/core/job/job'
import { outcomes } from '@lautta/core/job/outcome'
import { answerJob } from '@lautta/core/orchestration/answer'
import { rayStatuses, rayStatusOf } from '@lautta/core/ray/ray-status'
import { z } from 'zod'
import type { FoundRayJob } from './find-ray-job.ts'

/** A Ray job as users see it. */
export const rayJobAnswerSchema = z.object({
  id: z.string(),
  'submission-id': z.string().nullable().describe("Ray's own id of the present attempt; null before it was submitted"),
  cluster: z.string(),
  orchestration: z.string().describe('the order that carries it'),
  platform: z.string(),
  index: z.number(),
  name: z.string(),
  status: z.enum(rayStatuses),
  outcome: z.enum(outcomes).nullable().describe('tells more than the status: FAILED is also timed-out, lost …'),
  'exit-code': z.number().nullable(),
  reason: z.string().nullable(),
  waiting: z.enum(waitingConditions).nullable(),
  attempt: z.number(),
  'created-at': z.string(),
  'submitted-at': z.string().nullable(),
  'started-at': z.string().nullable(),
  'ended-at': z.string().nullable()
})

/** A Ray job in Ray's words and ours. */
export function answerRayJob({ id, cluster, known, one }: FoundRayJob): z.output<typeof rayJobAnswerSchema> {
  const { id: submissionId, index, name, outcome, reason, waiting, attempt, ...told } = answerJob(known, one)
  return {
    id,
    'submission-id': submissionId === 'None' ? null : submissionId,
    ...{ cluster, orchestration: known.request.id, platform: one.platform, index, name, status: rayStatusOf(known, one) },
    ...{ outcome, 'exit-code': told['exit-code'], reason, waiting, attempt, 'created-at': known.request.createdAt },
    'submitted-at': told['submitted-at'],
    'started-at': told['started-at'],
    'ended-at': told['ended-at']
  }
}
