import { z } from 'zod'
import { partitionSchema } from '../platform/partition.ts'
import type { FromWire } from '../wire.ts'
import { allocationSchema, workspaceSchema } from '../workspaces/workspace.ts'
import { schemaNumber } from './schema-number.ts'

/** A language that a platform has, in the words of seed 000. */
const languageSchema = z.object({ name: z.string(), version: z.string() })
export type Language = z.output<typeof languageSchema>

/** What a user finds on a platform: overwritten whenever it was looked for. */
export const environmentDocumentSchema = z.object({
  schema: schemaNumber,
  platform: z.string(),
  directory: z.string().nullable().describe('the home directory'),
  languages: z.array(languageSchema).describe('without any module loaded'),
  modules: z.array(z.string()).describe('what `module avail` lists, up to 2,000'),
  'found-at': z.string().nullable().describe('directory, languages and modules'),
  workspaces: z.array(workspaceSchema),
  allocations: z.array(allocationSchema),
  'unreadable-lines': z.array(z.string()).describe('what was printed about workspaces and can not be read'),
  'workspaces-found-at': z.string().nullable(),
  // A newer version may know more of them.
  partitions: z
    .array(z.object(partitionSchema.shape))
    .nullable()
    .default(null)
    .describe('as the platform told them; null: it did not'),
  'partitions-found-at': z.string().nullable().default(null),
  hmac: z.string()
})
export type Environment = Omit<FromWire<z.output<typeof environmentDocumentSchema>>, 'schema' | 'platform' | 'hmac'>
