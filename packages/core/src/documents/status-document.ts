import { z } from 'zod'
import { jobSchema } from '../job/job.ts'
import type { FromWire } from '../wire.ts'

/** One line of an order's history; with `from` = `to` it is a notice. It is also an event of the API. */
const historyEntrySchema = z.object({
  sequence: z.number().int(),
  index: z.number().int(),
  at: z.string(),
  from: z.string(),
  to: z.string(),
  reason: z.string().nullable(),
  by: z.string()
})

/**
 * What the submitter knows about an order on one platform. `(fence, sequence)` only grows: an older pair is a late
 * write of a submitter that had lost its lease.
 */
export const statusDocumentSchema = z.object({
  schema: z.literal(1),
  id: z.string(),
  platform: z.string(),
  fence: z.number().int(),
  sequence: z.number().int(),
  jobs: z.array(jobSchema),
  history: z.array(historyEntrySchema),
  hmac: z.string()
})
export type StatusDocument = FromWire<z.output<typeof statusDocumentSchema>>
export type HistoryEntry = FromWire<z.output<typeof historyEntrySchema>>

/** Whether `a` was written after `b`. */
export function isNewer(a: Pick<StatusDocument, 'fence' | 'sequence'>, b: Pick<StatusDocument, 'fence' | 'sequence'>): boolean {
  return a.fence === b.fence ? a.sequence > b.sequence : a.fence > b.fence
}
