import { z } from 'zod'
import type { FromWire } from '../wire.ts'
import { schemaNumber } from './schema-number.ts'

/** What is done once to a job on the platform, in the sequence in which it was ordered. */
export const controlKinds = ['hold', 'release', 'requeue'] as const
export type ControlKind = (typeof controlKinds)[number]

/** The same for one task of an array; its cancel is no stop of the job, but done once, too. */
export const taskControlKinds = [...controlKinds, 'cancel'] as const

/** What a user may order; cancel is the stop of one job, or of one task of an array. */
export const orderKinds = ['start', 'stop', 'cancel', ...controlKinds] as const

/** One order, an immutable object under `MANAGEMENT/<id>/ORDERS/`; without platform or index it holds for all jobs. */
export const orderDocumentSchema = z.object({
  schema: schemaNumber,
  order: z.enum(orderKinds),
  platform: z.string().optional(),
  index: z.number().int().optional(),
  // Of an array: the one task that it is about.
  task: z.number().int().optional(),
  attempt: z.number().int().positive(),
  // Of an order out of an adopted request: the version in which it stands.
  version: z.number().int().optional(),
  by: z.string(),
  'key-id': z.string(),
  at: z.string(),
  hmac: z.string()
})
export type OrderDocument = FromWire<z.output<typeof orderDocumentSchema>> & {
  /** Of its object, known once it was read: it tells two orders of one moment apart. */
  id?: string
}
