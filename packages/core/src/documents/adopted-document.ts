import { z } from 'zod'
import type { Orchestration } from '../orchestration/dictionary.ts'
import type { FromWire } from '../wire.ts'
import { orderKinds } from './order-document.ts'
import { schemaNumber } from './schema-number.ts'

const headSchema = z.object({
  schema: schemaNumber,
  id: z.string(),
  user: z.string(),
  number: z.number().int().positive(),
  // When the first version was adopted, and when this one was.
  'created-at': z.string(),
  'adopted-at': z.string(),
  /** The version that counts: this one, or the newest before it that could be read. */
  'in-force': z.number().int().nullable(),
  /** The orders that follow from it. They stand here before they are written, so that a crash loses none and doubles none. */
  orders: z.array(
    z.object({
      'order-id': z.string(),
      order: z.enum(orderKinds),
      attempt: z.number().int().positive(),
      platform: z.string().optional(),
      index: z.number().int().optional()
    })
  ),
  hmac: z.string()
})

/** Which content it was: the ETag in the listing, and the hash of the bytes. */
const contentSchema = { etag: z.string(), 'body-sha256': z.string() }
const errorsSchema = z.array(z.object({ path: z.string(), message: z.string() }))
const requestSchema = z.custom<Orchestration>((value) => typeof value === 'object' && value !== null)

/**
 * What was found under `MANAGEMENT/<id>.pkl` at one time, immutable: a request, something that is none, or, after there
 * had been something, nothing.
 */
export const adoptedDocumentSchema = z.discriminatedUnion('found', [
  headSchema.extend({ found: z.literal('request'), ...contentSchema, warnings: z.array(z.string()), request: requestSchema }),
  headSchema.extend({ found: z.literal('errors'), ...contentSchema, errors: errorsSchema }),
  headSchema.extend({ found: z.literal('nothing') })
])
type Content = { etag: string; bodySha256: string }
export type AdoptedDocument = AdoptedVersion & { hmac: string }

/** One version of an adopted request. */
export type AdoptedVersion = Omit<FromWire<z.output<typeof headSchema>>, 'hmac'> &
  (
    | ({ found: 'request'; warnings: string[]; request: Orchestration } & Content)
    | ({ found: 'errors'; errors: z.output<typeof errorsSchema> } & Content)
    | { found: 'nothing' }
  )
