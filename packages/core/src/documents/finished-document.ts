import { z } from 'zod'
import type { FromWire } from '../wire.ts'
import { schemaNumber } from './schema-number.ts'

const settledOrderSchema = z.object({
  id: z.string(),
  /** The newest order object known when the order was settled; a newer one means that there is work again. */
  'last-order': z.string().nullable(),
  /** How many order objects there were: of two clocks, one may give an older name to a newer order. */
  orders: z.number().int(),
  /** The status as it was left; another one is a late write of somebody who had lost the lease. */
  'status-etag': z.string().nullable(),
  /** The pickled view likewise. */
  'view-etag': z.string().nullable().default(null),
  /** How many platforms the order names: settled on all of them, not even its request needs reading. */
  platforms: z.number().int(),
  /** The newest version of an adopted request; another one may have more jobs. */
  version: z.number().int().default(0)
})
export type SettledOrder = FromWire<z.output<typeof settledOrderSchema>>

/** Orders of one platform that need no reading: an accelerator, which may be lost at any time. */
export const finishedDocumentSchema = z.object({
  schema: schemaNumber,
  platform: z.string(),
  orders: z.array(settledOrderSchema),
  hmac: z.string()
})
