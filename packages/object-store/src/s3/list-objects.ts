import querystring from 'node:querystring'
import { StorageError } from '@lautta/core/errors'
import { complaintAboutPath } from '@lautta/core/object-path'
import { z } from 'zod'
import type { Listing, ListOptions, ObjectEntry } from '../object-store.ts'
import { noBucket } from './buckets.ts'
import type { S3Client } from './s3-client.ts'

// S3 gives no more at once.
const mostNames = 1000
// Behind all names in a folder.
const lastCharacter = '\u{10ffff}'

const entryForm = z.object({ Key: z.string(), Size: z.coerce.number(), ETag: z.string(), LastModified: z.coerce.date() })
const listingForm = z.object({
  ListBucketResult: z.object({
    IsTruncated: z.enum(['true', 'false']),
    EncodingType: z.string().default(''),
    Contents: z.array(entryForm).default([]),
    CommonPrefixes: z.array(z.object({ Prefix: z.string() })).default([])
  })
})

/** A part of a bucket's listing; of a bucket that is not there, an empty one. */
export async function listObjects(client: S3Client, bucket: string, options: ListOptions): Promise<Listing> {
  const query = { 'list-type': '2', 'encoding-type': 'url', ...describeList(options) }
  const read = await client.readUnless([noBucket], { method: 'GET', bucket, query }, listingForm)
  if (read === null) return { objects: [], prefixes: [], next: null }
  const { IsTruncated, EncodingType, Contents, CommonPrefixes } = read.document.ListBucketResult
  const decode = EncodingType === 'url' ? decodeName : (name: string) => name
  const objects = Contents.map(
    (entry): ObjectEntry => ({
      path: decode(entry.Key),
      usedBytes: entry.Size,
      etag: entry.ETag.replaceAll('"', ''),
      modifiedAt: inSeconds(entry.LastModified)
    })
  )
  const prefixes = CommonPrefixes.map(({ Prefix }) => decode(Prefix))
  const names = [objects.at(-1)?.path, prefixes.at(-1)].filter((name) => name !== undefined)
  const last = names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).at(-1)
  if (IsTruncated === 'true' && last === undefined)
    throw new StorageError(`${client.name} lists nothing of ${bucket}, and says there is more`)
  return {
    // Other programs may put objects under names that nobody could ask this store for.
    objects: objects.filter(({ path }) => isName(path)),
    prefixes: prefixes.filter((prefix) => isName(prefix.slice(0, -1))),
    next: IsTruncated === 'true' ? (last ?? null) : null
  }
}

function describeList({ prefix = '', delimiter, after = '', limit = mostNames }: ListOptions): Record<string, string> {
  // Where folders are folded, what is behind a name in one of them is behind that whole folder.
  const slash = delimiter === undefined || !after.startsWith(prefix) ? -1 : after.indexOf(delimiter, prefix.length)
  const start = slash === -1 ? after : after.slice(0, slash + 1) + lastCharacter
  return {
    'max-keys': String(Math.min(limit, mostNames)),
    ...(prefix !== '' && { prefix }),
    ...(delimiter !== undefined && { delimiter }),
    ...(start !== '' && { 'start-after': start })
  }
}

/** A name as S3 escapes it in a document: some write a space as a plus sign. */
export function decodeName(name: string): string {
  return querystring.unescape(name.replaceAll('+', ' '))
}

/** As the headers of an object have it. */
function inSeconds(date: Date): string {
  return new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString()
}

function isName(name: string): boolean {
  return complaintAboutPath(name) === null
}
