import { outcomes } from '@lautta/core/job/outcome'
import { answerJob } from '@lautta/core/orchestration/answer'
import { isJobOver, type KnownJob, type KnownOrder } from '@lautta/core/orchestration/known-order'
import { clusterName, clusterOfRayJob } from '@lautta/core/ray/cluster-name'
import { rayStatuses, rayStatusOf } from '@lautta/core/ray/ray-status'
import { decisiveJob, type FanOutShare, readFanOut } from '@lautta/core/ray/read-fan-out'
import { z } from 'zod'
import type { AppContext } from '../app-context.ts'
import { readResults } from './fan-out-results.ts'

const shareJobSchema = z.object({
  cluster: z.string(),
  platform: z.string(),
  index: z.number().describe('of the job in the order, by which its log is asked for'),
  status: z.enum(rayStatuses),
  outcome: z.enum(outcomes).nullable(),
  reason: z.string().nullable()
})

/** A fan-out as users see it. */
export const fanOutAnswerSchema = z.object({
  id: z.string().describe('of its order'),
  name: z.string(),
  state: z.enum(['active', 'finished']).describe('finished: every share has been done, or no cluster is left for it'),
  'created-at': z.string(),
  warnings: z.array(z.string()),
  shares: z.array(
    shareJobSchema.extend({
      share: z.string().describe('the number of the cluster among those that were named'),
      'item-count': z.number(),
      path: z.string().describe('where the result lies among your experiments'),
      jobs: z.array(shareJobSchema).describe('one for each cluster in turn: those behind the first are stand-bys')
    })
  ),
  output: z
    .record(z.string(), z.object({ url: z.string(), data: z.unknown() }))
    .describe('by share: the cluster that did it (its dashboard, or its name), and the JSON that the Ray job left'),
  missing: z.array(z.object({ share: z.string(), detail: z.string() })).describe('shares of which there is no result')
})
type FanOutAnswer = z.output<typeof fanOutAnswerSchema>

/** Whether each share has been done, or can not be done any more. */
export function isFanOutOver(known: KnownOrder): boolean {
  return readFanOut(known).every((share) => isJobOver(known, decisiveJob(known, share)))
}

/** A fan-out with the results that are there. */
export async function answerFanOut(
  context: Pick<AppContext, 'store' | 'management' | 'platforms'>,
  user: string,
  known: KnownOrder
): Promise<FanOutAnswer> {
  const { id, createdAt, warnings, request } = known.request
  const shares = readFanOut(known).map((share) => tellShare(known, share))
  const done = shares.filter(({ status }) => status === 'SUCCEEDED').map(({ path }) => path)
  const found = await readResults(context, user, done)
  const results = shares.map((told) => {
    return { told, ...(found.get(told.path) ?? { detail: told.reason ?? `it is ${told.status}` }) }
  })
  const output = results.flatMap((one) => {
    if (!('data' in one)) return []
    const dashboard = context.platforms.find(({ name }) => name === one.told.cluster)?.ray?.dashboard
    return [[one.told.share, { url: dashboard ?? one.told.cluster, data: one.data }] as const]
  })
  return {
    ...{ id, name: request.name, state: isFanOutOver(known) ? 'finished' : 'active', 'created-at': createdAt },
    warnings: [...warnings],
    shares,
    output: Object.fromEntries(output),
    missing: results.flatMap((one) => ('detail' in one ? [{ share: one.told.share, detail: one.detail }] : []))
  }
}

function tellShare(known: KnownOrder, share: FanOutShare): FanOutAnswer['shares'][number] {
  const { number, itemCount, path, jobs } = share
  return {
    ...{ share: String(number), 'item-count': itemCount, path },
    ...tellJob(known, decisiveJob(known, share)),
    jobs: jobs.map((one) => tellJob(known, one))
  }
}

function tellJob(known: KnownOrder, one: KnownJob): z.output<typeof shareJobSchema> {
  const { platform, request } = one
  const { index, outcome, reason } = answerJob(known, one)
  const cluster = clusterName(clusterOfRayJob(request.ray ?? {}, platform, known.request.id))
  return { cluster, platform, index, status: rayStatusOf(known, one), outcome, reason }
}
