import { jobsOf, type KnownJob, type KnownOrder } from '@lautta/core/orchestration/known-order'
import { z } from 'zod'
import type { OrderReader } from './order-reader.ts'
import { Problem } from './problem.ts'

/** How a path names one job. */
export const jobParams = z.object({ id: z.string(), platform: z.string(), index: z.coerce.number().int().min(0) })

/** A job of an order of the user's own. */
export async function findJob(
  reader: OrderReader,
  user: string,
  { id, platform, index }: z.output<typeof jobParams>
): Promise<{ known: KnownOrder; found: KnownJob }> {
  const known = await reader.read(user, id)
  const found = jobsOf(known, platform).find(({ job }) => job.index === index)
  if (found === undefined) throw new Problem(404, `orchestration ${id} has no job ${index} on ${platform}`)
  return { known, found }
}
