import { createHash } from 'node:crypto'
import { type BucketTarget, bucketName } from '@lautta/core/buckets'
import {
  openDocument,
  sealDocument,
  UnreadableDocumentError,
  UntrustedDocumentError
} from '@lautta/core/documents/sealed-document'
import type { z } from 'zod'
import type { ObjectStore } from './object-store.ts'
import { readObjectWithEtag } from './read-object.ts'

const longestWriteMs = 10_000

/** What documents need to know of the installation. */
export interface ManagementOptions {
  store: ObjectStore
  bucketPrefix: string
  documentKey: Buffer
  /** The part of bucket names that stands for a user. */
  slugOf(user: string): string
  /** A document under a lease that is not written by then is not written at all: it could come after another holder's. */
  leasedWriteMs?: number
  /** Told of a document that nobody of us wrote, which is as if it were not there, and of one that only a newer version can read. */
  onIgnored(error: UntrustedDocumentError | UnreadableDocumentError): void
}

/** Documents as objects of users' buckets: sealed on the way out, checked on the way in. */
export function createSealedObjects(options: ManagementOptions) {
  const { store, bucketPrefix, documentKey, leasedWriteMs = longestWriteMs, slugOf, onIgnored } = options
  // What is given to be written does not change any more.
  const texts = new WeakMap<object, string>()
  const bucketOf = (user: string, target: BucketTarget = 'submitter') => bucketName(target, bucketPrefix, slugOf(user))

  const writeTo = async (
    bucket: string,
    path: string,
    document: object,
    version: number,
    withinMs = longestWriteMs
  ): Promise<string> => {
    const content = sealDocument(document, { bucket, path }, documentKey, texts)
    const md5 = createHash('md5').update(content).digest('hex')
    const described = { contentType: 'application/json', metadata: { version: String(version) }, md5 }
    const signal = AbortSignal.timeout(withinMs)
    return (await store.put(bucket, path, content, { ...described, signal })).etag
  }

  const readWithEtag = async <Schema extends z.ZodType>(
    bucket: string,
    path: string,
    schema: Schema
  ): Promise<{ document: z.output<Schema>; etag: string } | null> => {
    const found = await readObjectWithEtag(store, bucket, path)
    if (found === null) return null
    try {
      return { document: openDocument(found.content, { bucket, path }, documentKey, schema), etag: found.etag }
    } catch (error) {
      if (!(error instanceof UntrustedDocumentError || error instanceof UnreadableDocumentError)) throw error
      onIgnored(error)
      if (error instanceof UnreadableDocumentError) throw error
      return null
    }
  }

  const readFrom = async <Schema extends z.ZodType>(
    bucket: string,
    path: string,
    schema: Schema
  ): Promise<z.output<Schema> | null> => (await readWithEtag(bucket, path, schema))?.document ?? null

  return {
    ...{ bucketOf, leasedWriteMs, slugOf, writeTo, readFrom, readWithEtag },
    /** Of the whole installation: no user writes there. */
    commonBucket: bucketName('forwarder', bucketPrefix, ''),
    write: (user: string, path: string, document: object, version: number) => writeTo(bucketOf(user), path, document, version),
    /** The same for what is written under a lease. */
    writeLeased: (user: string, path: string, document: object, version: number) =>
      writeTo(bucketOf(user), path, document, version, leasedWriteMs),
    read: <Schema extends z.ZodType>(user: string, path: string, schema: Schema) => readFrom(bucketOf(user), path, schema)
  }
}
export type SealedObjects = ReturnType<typeof createSealedObjects>
