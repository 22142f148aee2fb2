import { z } from 'zod'
import type { FromWire } from '../wire.ts'
import { schemaNumber } from './schema-number.ts'

/** What a user may order. */
export const orderKinds = ['start', 'stop'] as const

/** One order, an immutable object under `MANAGEMENT/<id>/ORDERS/`; without platform or index it holds for all jobs. */
export const orderDocumentSchema = z.object({
  schema: schemaNumber,
  order: z.enum(orderKinds),
  platform: z.string().optional(),
  index: z.number().int().optional(),
  attempt: z.number().int().positive(),
  // Of an order out of an adopted request: the version in which it stands.
  version: z.number().int().optional(),
  by: z.string(),
  'key-id': z.string(),
  at: z.string(),
  hmac: z.string()
})
export type OrderDocument = FromWire<z.output<typeof orderDocumentSchema>>
