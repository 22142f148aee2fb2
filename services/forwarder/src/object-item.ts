import type { ObjectInfo } from '@lautta/object-store/object-store'
import { z } from 'zod'

/** An object, as lists and uploads answer it. */
export const objectItemSchema = z.object({
  path: z.string(),
  hash: z.string().describe('MD5 in hexadecimal digits; of an object that the store took in parts a name of its own'),
  'used-bytes': z.number(),
  date: z.string(),
  version: z.number().nullable().describe('how often it was written through Lautta; null where something else put it')
})

export function describeObject({ path, etag, usedBytes, modifiedAt, metadata }: ObjectInfo): z.output<typeof objectItemSchema> {
  // Whoever puts objects into the bucket by other ways writes there what they like.
  const version = /^\d{1,15}$/.test(metadata.version ?? '') ? Number(metadata.version) : null
  return { path, hash: etag, 'used-bytes': usedBytes, date: modifiedAt, version }
}
