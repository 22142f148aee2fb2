import { z } from 'zod'
import { jobSchema } from '../job/job.ts'
import type { FromWire } from '../wire.ts'
import { schemaNumber } from './schema-number.ts'

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
  schema: schemaNumber,
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

// The holder of the lease overwrites late writes when it looks at all orders again, every other minute.
const lateWriteBoundMs = 5 * 60 * 1000

/** A status as a reader last found it in the store. */
export interface SeenStatus {
  document: StatusDocument
  seenAtMs: number
}

/**
 * Whether what is found now is to be believed: an older status than one seen a moment ago is a late write of somebody
 * who had lost the lease. One that stays is no late write: the clock that fences are taken from was set back.
 */
export function isBelievable(found: StatusDocument, seen: SeenStatus | undefined, nowMs: number): boolean {
  if (seen === undefined || nowMs - seen.seenAtMs >= lateWriteBoundMs) return true
  const { fence, sequence } = seen.document
  return found.fence === fence ? found.sequence >= sequence : found.fence > fence
}
