import { StorageError } from '@lautta/core/errors'
import { z } from 'zod'
import type { ListOptions } from '../object-store.ts'
import type { SwiftAccount } from './account.ts'

const folderSchema = z.object({ subdir: z.string() })
const objectSchema = z.object({
  name: z.string(),
  hash: z.string(),
  bytes: z.number(),
  last_modified: z.string(),
  /** Of a large object; RGW does not tell. */
  slo_etag: z.string().optional()
})
const listingSchema = z.array(z.union([folderSchema, objectSchema]))

/** A line of a bucket's listing: an object, or what lies in a folder. */
export type ListingLine = z.output<typeof listingSchema>[number]
export type ObjectLine = z.output<typeof objectSchema>

/** As many lines as Swift gives at once. */
export const mostLines = 10_000

/** A part of a bucket's listing, in the sequence of the names' UTF-8 bytes; of a bucket that is not there, nothing. */
export async function fetchListing(account: SwiftAccount, bucket: string, options: ListOptions): Promise<ListingLine[]> {
  const { prefix, delimiter, after, limit = mostLines } = options
  const query = {
    format: 'json',
    limit: String(limit),
    ...(prefix && { prefix }),
    ...(delimiter && { delimiter }),
    ...(after && { marker: after })
  }
  const answer = await account.send({ method: 'GET', bucket, query, accept: [404] })
  if (answer.status === 404) {
    await answer.body.dump()
    return []
  }
  const body: unknown = answer.status === 204 ? [] : await answer.body.json().catch(() => null)
  const parsed = listingSchema.safeParse(body)
  if (!parsed.success) throw new StorageError(`${account.name} answers with something that is no listing of ${bucket}`)
  return parsed.data
}

/** The object's name, or the folder's, with which the next part of the listing begins behind this line. */
export const nameOf = (line: ListingLine): string => ('subdir' in line ? line.subdir : line.name)

/**
 * When the object was modified, in whole seconds as `head` tells it: Swift, which leaves the zone out, rounds up, and RGW
 * rounds down.
 */
export function modifiedAtOf({ last_modified: text }: ObjectLine): string {
  const [, seconds = text, fraction = ''] = /^(.+?)(?:\.(\d+))?Z?$/.exec(text) ?? []
  const roundsUp = !text.endsWith('Z') && /[1-9]/.test(fraction)
  return new Date(Date.parse(`${seconds}Z`) + (roundsUp ? 1000 : 0)).toISOString()
}
