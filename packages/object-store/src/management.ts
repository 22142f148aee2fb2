import { finishedDocumentSchema, type SettledOrder } from '@lautta/core/documents/finished-document'
import { type OrderDocument, orderDocumentSchema } from '@lautta/core/documents/order-document'
import { type RequestDocument, requestDocumentSchema } from '@lautta/core/documents/request-document'
import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
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
import { rayToken } from '@lautta/core/ray/ray-token'
import { fromWire, toWire } from '@lautta/core/wire'
import { createAdoptedRequests } from './adopted-requests.ts'
import { createAuditObjects } from './audit-objects.ts'
import { createCompactedObjects } from './compacted-objects.ts'
import { createEnvironmentObjects } from './environment-objects.ts'
import { createForwardObjects } from './forward-objects.ts'
import { groupByOrder, type ListedOrder, listedNothing } from './list-orders.ts'
import { createPauseObjects } from './pause-objects.ts'
import { listAll } from './read-object.ts'
import { createSealedObjects, type ManagementOptions } from './sealed-objects.ts'

type Unsealed<Document> = Omit<Document, 'hmac'>

/** The Management objects of all users: typed, sealed on the way out, checked on the way in. */
export function createManagement(options: ManagementOptions) {
  const { store, documentKey } = options
  const sealed = createSealedObjects(options)
  const { bucketOf, leasedWriteMs, write, writeLeased, read } = sealed

  const readRequest = async (user: string, id: string): Promise<RequestDocument | null> => {
    const found = await read(user, requestPath(id), requestDocumentSchema)
    if (found === null) return null
    const { request, ...head } = found
    return { ...fromWire(head), request }
  }

  /** With the ETag of what was read, which may be older than the listed one. */
  const readStatusWithEtag = async (user: string, id: string, platform: string) => {
    const found = await sealed.readWithEtag(bucketOf(user), statusPath(id, platform), statusDocumentSchema)
    return found === null ? null : { document: fromWire(found.document), etag: found.etag }
  }

  // A job as it was, and a line of the history, never change; most of them are saved again and again.
  const wires = new WeakMap<object, object>()
  const wireOf = (part: object): object => {
    const wire = wires.get(part) ?? (toWire(part) as object)
    wires.set(part, wire)
    return wire
  }

  return {
    bucketOf,
    leasedWriteMs,
    ...createAdoptedRequests(store, sealed, readRequest),
    ...createPauseObjects(store, sealed),
    ...createEnvironmentObjects(store, sealed),
    ...createForwardObjects(store, sealed),
    ...createAuditObjects(store, sealed),
    ...createCompactedObjects(sealed),
    ...createTokens(documentKey),

    async writeRequest(user: string, document: Unsealed<RequestDocument>): Promise<void> {
      // The dictionary in it keeps the user's own keys.
      const { request, ...head } = document
      await write(user, requestPath(document.id), { ...(toWire(head) as object), request }, 1)
    },

    readRequest,

    async writeOrder(user: string, id: string, orderId: string, document: Unsealed<OrderDocument>): Promise<void> {
      await write(user, orderPath(id, orderId), toWire(document) as object, 1)
    },

    async readOrder(user: string, id: string, orderId: string): Promise<OrderDocument | null> {
      const found = await read(user, orderPath(id, orderId), orderDocumentSchema)
      return found === null ? null : { ...fromWire(found), id: orderId }
    },

    async writeTry(user: string, id: string, document: Unsealed<TryDocument>): Promise<void> {
      await writeLeased(user, tryPath(id, document), toWire(document) as object, 1)
    },

    async readTry(user: string, id: string, begun: BegunTry): Promise<TryDocument | null> {
      const found = await read(user, tryPath(id, begun), tryDocumentSchema)
      return found === null ? null : fromWire(found)
    },

    /** Answers the ETag of what was written. */
    writeStatus(user: string, { jobs, history, ...head }: Unsealed<StatusDocument>): Promise<string> {
      const document = { ...(toWire(head) as object), jobs: jobs.map(wireOf), history: history.map(wireOf) }
      return writeLeased(user, statusPath(head.id, head.platform), document, head.sequence)
    },

    readStatusWithEtag,

    async readStatus(user: string, id: string, platform: string): Promise<StatusDocument | null> {
      return (await readStatusWithEtag(user, id, platform))?.document ?? null
    },

    /** Orders that need no reading on a platform, by id. */
    async readFinished(user: string, platform: string): Promise<Map<string, SettledOrder>> {
      const found = await leaveUnreadable(read(user, finishedPath(platform), finishedDocumentSchema))
      return new Map(found === null ? [] : fromWire(found).orders.map((order) => [order.id, order]))
    },

    async writeFinished(user: string, platform: string, orders: readonly SettledOrder[]): Promise<void> {
      await writeLeased(user, finishedPath(platform), toWire({ schema: 1, platform, orders }) as object, 1)
    },

    /** All orders of a user: one listing, however many there are. */
    async listOrders(user: string): Promise<ListedOrder[]> {
      return groupByOrder(await listAll(store, bucketOf(user), managementPrefix))
    },

    /** What belongs to one order. */
    async listOrder(user: string, id: string): Promise<ListedOrder> {
      const [listed] = groupByOrder(await listAll(store, bucketOf(user), orderPrefix(id)))
      return listed ?? listedNothing(id)
    }
  }
}

function createTokens(documentKey: Buffer) {
  return {
    /** By which an attempt of a job is known on the platform. */
    tokenOf: (user: string, run: Run): string => jobToken(documentKey, user, run),
    /** What opens the Ray cluster that an attempt of a job starts. */
    rayTokenOf: (user: string, run: Run): string => rayToken(documentKey, user, run)
  }
}
export type Management = ReturnType<typeof createManagement>
