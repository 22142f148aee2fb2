import { z } from 'zod'
import { schemaNumber } from './schema-number.ts'

/**
 * Up to when a user's documents stand in the audit, by the time at which the store has them modified: an accelerator,
 * which may be lost at any time.
 */
export const auditMarkDocumentSchema = z.object({
  schema: schemaNumber,
  since: z.string(),
  hmac: z.string()
})
