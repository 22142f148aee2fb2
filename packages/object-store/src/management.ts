import { createHash } from 'node:crypto'
import { type BucketTarget, bucketName } from '@lautta/core/buckets'
import { finishedDocumentSchema, type SettledOrder } from '@lautta/core/documents/finished-document'
import { type OrderDocument, orderDocumentSchema } from '@lautta/core/documents/order-document'
import { type RequestDocument, requestDocumentSchema } from '@lautta/core/documents/request-document'
import { openDocument, sealDocument, UntrustedDocumentError } from '@lautta/core/documents/sealed-document'
import { type StatusDocument, statusDocumentSchema } from '@lautta/core/documents/status-document'
import { type TryDocument, tryDocumentSchema } from '@lautta/core/documents/try-document'
import { jobToken } from '@lautta/core/job/job-token'
import {
  type BegunTry,
  finishedPath,
  managementPrefix,
  orderPath,
  orderPrefix,
  type Run,
  requestPath,
  statusPath,
  tryPath
} from '@lautta/core/object-names'
import { fromWire, toWire } from '@lautta/core/wire'
import type { z } from 'zod'
import type { ObjectEntry, ObjectStore } from './object-store.ts'
import { listAll, readObject } from './read-object.ts'

/** What documents need to know of the installation. */
export interface ManagementOptions {
  store: ObjectStore
  bucketPrefix: string
  documentKey: Buffer
  /** The part of bucket names that stands for a user. */
  slugOf(user: string): string
  /** Told of a document that nobody of us wrote; it is treated as if it were not there. */
  onUntrusted(error: UntrustedDocumentError): void
}

/** What lies in the object store of one order, by a listing. */
export interface ListedOrder {
  id: string
  /** Ids of its order objects, oldest first. */
  orderIds: string[]
  /** ETags of its status documents by platform. */
  statusEtags: ReadonlyMap<string, string>
  /** Submissions that were begun. */
  tries: readonly BegunTry[]
}

type Unsealed<Document> = Omit<Document, 'hmac'>

/** The Management objects of all users: typed, sealed on the way out, checked on the way in. */
export function createManagement({ store, bucketPrefix, documentKey, slugOf, onUntrusted }: ManagementOptions) {
  const bucketOf = (user: string, target: BucketTarget = 'submitter') => bucketName(target, bucketPrefix, slugOf(user))

  const write = async (user: string, path: string, document: object, version: number): Promise<string> => {
    const bucket = bucketOf(user)
    const content = sealDocument(document, { bucket, path }, documentKey)
    const md5 = createHash('md5').update(content).digest('hex')
    const options = { contentType: 'application/json', metadata: { version: String(version) }, md5 }
    return (await store.put(bucket, path, content, options)).etag
  }

  const read = async <Schema extends z.ZodType>(user: string, path: string, schema: Schema): Promise<z.output<Schema> | null> => {
    const bucket = bucketOf(user)
    const content = await readObject(store, bucket, path)
    if (content === null) return null
    try {
      return openDocument(content, { bucket, path }, documentKey, schema)
    } catch (error) {
      if (!(error instanceof UntrustedDocumentError)) throw error
      onUntrusted(error)
      return null
    }
  }

  return {
    bucketOf,

    /** By which an attempt of a job is known on the platform. */
    tokenOf: (user: string, run: Run): string => jobToken(documentKey, user, run),

    async writeRequest(user: string, document: Unsealed<RequestDocument>): Promise<void> {
      // The dictionary in it keeps the user's own keys.
      const { request, ...head } = document
      await write(user, requestPath(document.id), { ...(toWire(head) as object), request }, 1)
    },

    async readRequest(user: string, id: string): Promise<RequestDocument | null> {
      const found = await read(user, requestPath(id), requestDocumentSchema)
      if (found === null) return null
      const { request, ...head } = found
      return { ...fromWire(head), request }
    },

    async writeOrder(user: string, id: string, orderId: string, document: Unsealed<OrderDocument>): Promise<void> {
      await write(user, orderPath(id, orderId), toWire(document) as object, 1)
    },

    async readOrder(user: string, id: string, orderId: string): Promise<OrderDocument | null> {
      const found = await read(user, orderPath(id, orderId), orderDocumentSchema)
      return found === null ? null : fromWire(found)
    },

    async writeTry(user: string, id: string, document: Unsealed<TryDocument>): Promise<void> {
      await write(user, tryPath(id, document), document, 1)
    },

    async readTry(user: string, id: string, begun: BegunTry): Promise<TryDocument | null> {
      return read(user, tryPath(id, begun), tryDocumentSchema)
    },

    /** Answers the ETag of what was written. */
    writeStatus(user: string, document: Unsealed<StatusDocument>): Promise<string> {
      return write(user, statusPath(document.id, document.platform), toWire(document) as object, document.sequence)
    },

    async readStatus(user: string, id: string, platform: string): Promise<StatusDocument | null> {
      const found = await read(user, statusPath(id, platform), statusDocumentSchema)
      return found === null ? null : fromWire(found)
    },

    /** Orders that need no reading on a platform, by id. */
    async readFinished(user: string, platform: string): Promise<Map<string, SettledOrder>> {
      const found = await read(user, finishedPath(platform), finishedDocumentSchema)
      return new Map(found === null ? [] : fromWire(found).orders.map((order) => [order.id, order]))
    },

    async writeFinished(user: string, platform: string, orders: readonly SettledOrder[]): Promise<void> {
      await write(user, finishedPath(platform), toWire({ schema: 1, platform, orders }) as object, 1)
    },

    /** All orders of a user: one listing, however many there are. */
    async listOrders(user: string): Promise<ListedOrder[]> {
      return groupByOrder(await listAll(store, bucketOf(user), managementPrefix))
    },

    /** What belongs to one order. */
    async listOrder(user: string, id: string): Promise<ListedOrder> {
      const [listed] = groupByOrder(await listAll(store, bucketOf(user), orderPrefix(id)))
      return listed ?? { id, orderIds: [], statusEtags: new Map(), tries: [] }
    }
  }
}
export type Management = ReturnType<typeof createManagement>

function groupByOrder(objects: readonly ObjectEntry[]): ListedOrder[] {
  const orders = new Map<string, { id: string; orderIds: string[]; statusEtags: Map<string, string>; tries: BegunTry[] }>()
  for (const { path, etag } of objects) {
    const [, id, rest = ''] = /^MANAGEMENT\/([A-Za-z0-9][^/]*?)(?:\.json|\/(.+)\.json)$/.exec(path) ?? []
    if (id === undefined) continue
    const listed = orders.get(id) ?? { id, orderIds: [], statusEtags: new Map<string, string>(), tries: [] }
    orders.set(id, listed)
    const [first = '', second, third] = rest.split('/')
    if (first === 'ORDERS' && second !== undefined) listed.orderIds.push(second)
    else if (first === 'TRIES' && second !== undefined) listed.tries.push(...readTryName(second, third))
    else if (first !== '' && second === undefined) listed.statusEtags.set(first, etag)
  }
  return [...orders.values()]
}

function readTryName(platform: string, name = ''): BegunTry[] {
  const [, index, attempt, number] = /^(\d+)-(\d+)-(\d+)$/.exec(name) ?? []
  return index === undefined ? [] : [{ platform, index: Number(index), attempt: Number(attempt), try: Number(number) }]
}
