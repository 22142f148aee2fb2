import type { Readable } from 'node:stream'

/** What is known of an object. */
export interface ObjectInfo {
  path: string
  usedBytes: number
  /** MD5 of the content in hexadecimal digits; of an object that a store took in parts perhaps a name of its own. */
  etag: string
  modifiedAt: string
  contentType: string
  /** The `x-object-meta-*` headers, by the name behind that prefix, in lower case. */
  metadata: Readonly<Record<string, string>>
}

/** A line of a listing: metadata is known only to `head` and `get`. */
export type ObjectEntry = Pick<ObjectInfo, 'path' | 'usedBytes' | 'etag' | 'modifiedAt'>

export interface PutOptions {
  contentType?: string
  metadata?: Readonly<Record<string, string>>
  /** Compared with what arrived; a difference refuses the object. */
  md5?: string
  /** Of a stream, where it is known: a store needs it to take a large object in one piece. */
  usedBytes?: number
  /** After it nothing more is sent: a write that comes late is worse than none. */
  signal?: AbortSignal
}

/** Bytes `first` to `last`, both included, as HTTP counts; without `last`, to the end. */
export interface ByteRange {
  first: number
  last?: number
}

export interface ListOptions {
  prefix?: string
  /** Folds what lies deeper than the next slash into `prefixes`. */
  delimiter?: '/'
  /** Only names behind this one. */
  after?: string
  limit?: number
}

export interface Listing {
  objects: ObjectEntry[]
  prefixes: string[]
  /** What to pass as `after` for the next part; null at the end. */
  next: string | null
}

/**
 * What a signed URL allows, and for how long. PUT is for hands that may have all that the store's credential opens: stores
 * take headers beside it that nobody signed, such as one that copies another object.
 */
export interface SignOptions {
  method: 'GET' | 'PUT'
  seconds: number
}

/** What lies in a bucket. */
export interface BucketUsage {
  objects: number
  usedBytes: number
}

/**
 * The door to object storage: the smallest port that Swift, S3 and a folder have in common. Buckets are made when
 * something is put into them. Every failure is a StorageError; what is not there is null.
 */
export interface ObjectStore {
  /** Replaces the object as a whole: a reader sees the old one or the new one. */
  put(bucket: string, path: string, content: Uint8Array | Readable, options?: PutOptions): Promise<ObjectInfo>
  get(bucket: string, path: string, range?: ByteRange): Promise<{ info: ObjectInfo; content: Readable } | null>
  head(bucket: string, path: string): Promise<ObjectInfo | null>
  /** In the sequence of the names' UTF-8 bytes. */
  list(bucket: string, options?: ListOptions): Promise<Listing>
  /** An object that is not there is no error. */
  delete(bucket: string, path: string): Promise<void>
  /** An address under which anybody has the object for a while; null: the store has no address of its own. */
  sign(bucket: string, path: string, options: SignOptions): Promise<string | null>
  /** Null: there is no such bucket. */
  measure(bucket: string): Promise<BucketUsage | null>
  /** Removes what uploads left that began before and never came to an end; answers how many objects that were. */
  sweep(bucket: string, before: Date): Promise<number>
  /** Resolves when the store answers, with nothing read or written. */
  check(): Promise<void>
  close(): Promise<void>
}
