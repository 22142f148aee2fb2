import { z } from 'zod'
import type { Orchestration } from '../orchestration/dictionary.ts'
import type { FromWire } from '../wire.ts'
import { schemaNumber } from './schema-number.ts'

const headSchema = z.object({
  schema: schemaNumber,
  id: z.string(),
  user: z.string(),
  'created-at': z.string(),
  // Of the API key by which it was posted; older documents do not tell.
  'key-id': z.string().exactOptional(),
  'body-sha256': z.string(),
  warnings: z.array(z.string()),
  hmac: z.string()
})

/**
 * A request as it lies in the object store, immutable. The dictionary in it keeps the user's own words as keys and was
 * validated when it was accepted; its HMAC says that it is still the same.
 */
export const requestDocumentSchema = headSchema.extend({
  request: z.custom<Orchestration>((value) => typeof value === 'object' && value !== null)
})
export type RequestDocument = FromWire<z.output<typeof headSchema>> & { request: Orchestration }
