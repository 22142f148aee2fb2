import { z } from 'zod'
import type { FromWire } from '../wire.ts'
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
  // So that a limit of what the order may cost is kept, too, when the status falls back.
  estimate: z.object({ 'cpu-bu': z.number(), 'gpu-bu': z.number() }).nullable().default(null),
  fence: z.number().int(),
  at: z.string(),
  hmac: z.string()
})
export type TryDocument = FromWire<z.output<typeof tryDocumentSchema>>
