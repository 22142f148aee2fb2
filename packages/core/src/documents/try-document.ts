import { z } from 'zod'
import { schemaNumber } from './schema-number.ts'

/**
 * A submission that was begun, an immutable object under `MANAGEMENT/<id>/TRIES/`. A status may fall back to an older
 * one by a late write; this can't, so no attempt is called unsubmitted while it has one.
 */
export const tryDocumentSchema = z.object({
  schema: schemaNumber,
  platform: z.string(),
  index: z.number().int(),
  attempt: z.number().int(),
  try: z.number().int(),
  version: z.number().int().nullable().default(null),
  fence: z.number().int(),
  at: z.string(),
  hmac: z.string()
})
export type TryDocument = z.output<typeof tryDocumentSchema>
