import { z } from 'zod'
import { type Environment, environmentDocumentSchema } from '../documents/environment-document.ts'
import { toWire } from '../wire.ts'

/** What an order's answer tells of a platform: seed 000's Properties. */
export const propertiesSchema = z.object({
  directory: z.string().describe("'None': not known yet"),
  ...environmentDocumentSchema.pick({ languages: true, workspaces: true }).shape
})
type Properties = z.output<typeof propertiesSchema>

/** What is known of a platform, in its own answer. */
export const platformPropertiesSchema = environmentDocumentSchema.omit({
  schema: true,
  platform: true,
  hmac: true,
  // These have a route of their own.
  partitions: true,
  'partitions-found-at': true
})

/** What was found on a platform, as its own answer tells it. */
export function describeEnvironment(environment: Environment | null): z.output<typeof platformPropertiesSchema> | null {
  if (environment === null) return null
  const { partitions: _, partitionsFoundAt: __, ...properties } = environment
  return toWire(properties) as z.output<typeof platformPropertiesSchema>
}

/** The properties in an order's answer; seed 000's empty ones while nothing is known. */
export function propertiesOf(environment: Environment | null): Properties {
  if (environment === null) return { directory: 'None', languages: [], workspaces: [] }
  const { directory, languages, workspaces } = environment
  return toWire({ directory: directory ?? 'None', languages, workspaces }) as Properties
}
