import { z } from 'zod'
import { schemaNumber } from './schema-number.ts'

/** How old a submitter's knowledge of pauses may be. */
export const pausesKnownForMs = 2000

/** Whether nothing new is begun on a platform, for one user or (null) for all; overwritten, and never removed. */
export const pauseDocumentSchema = z.object({
  schema: schemaNumber,
  platform: z.string(),
  user: z.string().nullable(),
  paused: z.boolean(),
  by: z.string(),
  at: z.string(),
  hmac: z.string()
})
export type PauseDocument = z.output<typeof pauseDocumentSchema>
