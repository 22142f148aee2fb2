import { z } from 'zod'
import type { FromWire } from '../wire.ts'
import { schemaNumber } from './schema-number.ts'

/** The services of a Ray cluster that can be brought near. */
export const forwardServices = ['dashboard', 'client', 'serve', 'metrics'] as const

/** What a forward leads to: a service of a Ray cluster, which a platform is itself or a job of an order there has started. */
const targetSchema = {
  platform: z.string(),
  orchestration: z.string().nullable(),
  index: z.number().int().nullable(),
  service: z.enum(forwardServices),
  // Which of the cluster's tells its own metrics; other services are the first one's. Older documents know only that.
  node: z.number().int().default(0)
}

/** A forward that a user asked for, immutable. */
export const forwardDocumentSchema = z.object({
  schema: schemaNumber,
  id: z.string(),
  user: z.string(),
  ...targetSchema,
  'created-at': z.string(),
  'key-id': z.string(),
  hmac: z.string()
})
export type ForwardDocument = Omit<FromWire<z.output<typeof forwardDocumentSchema>>, 'schema' | 'hmac'>
export type ForwardTarget = Pick<ForwardDocument, 'platform' | 'orchestration' | 'index' | 'service' | 'node'>

/** That a forward is not wanted any more, immutable. */
export const forwardEndDocumentSchema = z.object({
  schema: schemaNumber,
  id: z.string(),
  by: z.string(),
  'key-id': z.string(),
  at: z.string(),
  hmac: z.string()
})
export type ForwardEndDocument = Omit<FromWire<z.output<typeof forwardEndDocumentSchema>>, 'schema' | 'hmac'>

/** Where a forward is in its life; one that waits goes on by itself, one that is closed never. */
export const forwardStates = ['opening', 'open', 'waiting', 'closed'] as const
export type ForwardState = (typeof forwardStates)[number]

/** What a forward waits for: the user's credential, the platform, the cluster, or a free port on our side. */
export const forwardConditions = ['credentials', 'platform', 'cluster', 'port'] as const
export type ForwardCondition = (typeof forwardConditions)[number]

const standSchema = {
  state: z.enum(forwardStates),
  waiting: z.enum(forwardConditions).nullable(),
  reason: z.string().nullable()
}

/** How a forward is, as the submitter that holds it knows; overwritten. */
export const forwardStatusDocumentSchema = z.object({
  schema: schemaNumber,
  id: z.string(),
  fence: z.number().int(),
  sequence: z.number().int(),
  ...standSchema,
  // Where the submitter listens for the forwarder; null when it does not.
  host: z.string().nullable(),
  port: z.number().int().nullable(),
  // Of the cluster's job: the attempt whose cluster is open; its token follows from it.
  attempt: z.number().int().nullable(),
  'opened-at': z.string().nullable(),
  'closed-at': z.string().nullable(),
  history: z.array(z.object({ at: z.string(), ...standSchema })),
  hmac: z.string()
})
export type ForwardStatus = Omit<FromWire<z.output<typeof forwardStatusDocumentSchema>>, 'schema' | 'hmac'>
