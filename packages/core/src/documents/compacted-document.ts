import { z } from 'zod'
import type { FromWire } from '../wire.ts'
import { schemaNumber } from './schema-number.ts'

/** One object that holds the rows of a table of all orders of a segment, in the sequence of joined tables. */
const partSchema = z.object({
  /** The SHA-256 of its bytes: what has the name is what was written. */
  name: z.string().regex(/^[0-9a-f]{64}$/),
  columns: z.array(z.object({ name: z.string(), type: z.enum(['string', 'int64', 'double']) }))
})

/** A table by name, of those that are joined. */
const ofEachTable = <Schema extends z.ZodType>(schema: Schema) => z.object({ sacct: schema, usage: schema, times: schema })

const compactedOrderSchema = z.object({
  id: z.string(),
  'created-at': z.string(),
  /** Of the documents from which its runs were told. */
  stamp: z.string(),
  /** Platform, job and attempt of each run. */
  runs: z.array(z.tuple([z.string(), z.number().int(), z.number().int()])),
  /** Of the objects whose rows stand in the part; null: they are read one by one. */
  tables: ofEachTable(z.string().nullable())
})
export type CompactedOrder = FromWire<z.output<typeof compactedOrderSchema>>

const segmentSchema = z.object({
  parts: ofEachTable(partSchema.nullable()),
  orders: z.array(compactedOrderSchema)
})
export type Segment = FromWire<z.output<typeof segmentSchema>>
export type CompactedPart = FromWire<z.output<typeof partSchema>>

/**
 * Which orders have their rows in which parts, and as what they stood then: an accelerator, which may be lost at any
 * time. Segments follow each other in the sequence of joined tables.
 */
export const compactedDocumentSchema = z.object({ schema: schemaNumber, segments: z.array(segmentSchema), hmac: z.string() })
