import type { OrderDocument } from '@lautta/core/documents/order-document'
import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import { isBelievable, type SeenStatus } from '@lautta/core/documents/status-document'
import { mapLimited } from '@lautta/core/map-limited'
import type { Orchestration } from '@lautta/core/orchestration/dictionary'
import type { AcceptedRequest, KnownOrder } from '@lautta/core/orchestration/known-order'
import type { ListedOrder } from '@lautta/object-store/list-orders'
import type { Management } from '@lautta/object-store/management'
import { Problem } from './problem.ts'

/** Orders whose documents are kept in memory. */
const mostKept = 2000
// Orders that are read at a time for one asker.
const mostReads = 8

interface Kept {
  request: AcceptedRequest
  /** The newest version that was listed when the request was read; 0 for none. */
  newest: number
  earlier: Map<number, Orchestration>
  orders: Map<string, OrderDocument>
  statuses: Map<string, SeenStatus & { etag: string }>
}

/**
 * Reads orders back for their users. Requests and order objects never change and are read once; a status is read again
 * when its ETag is another, and late writes are passed over.
 */
export function createOrderReader(management: Management) {
  const kept = new Map<string, Kept>()

  const keep = (key: string, request: AcceptedRequest, newest: number): Kept => {
    const entry = kept.get(key) ?? { request, newest, earlier: new Map(), orders: new Map(), statuses: new Map() }
    Object.assign(entry, { request, newest })
    // The least recently used goes first.
    kept.delete(key)
    kept.set(key, entry)
    for (const oldest of kept.keys()) {
      if (kept.size <= mostKept) break
      kept.delete(oldest)
    }
    return entry
  }

  const readOne = async (user: string, listed: ListedOrder): Promise<KnownOrder | null> => {
    const { id, orderIds, statusEtags, versions } = listed
    const key = JSON.stringify([user, id])
    const [newest = 0] = versions
    const known = kept.get(key)
    const request = known?.newest === newest ? known.request : await management.readAccepted(user, id, versions)
    if (request === null) return null
    const entry = keep(key, request, newest)
    for (const orderId of orderIds.filter((one) => !entry.orders.has(one))) {
      const order = await management.readOrder(user, id, orderId)
      if (order !== null) entry.orders.set(orderId, order)
    }
    for (const [platform, etag] of statusEtags) {
      const seenAtMs = Date.now()
      const seen = entry.statuses.get(platform)
      if (seen?.etag === etag) seen.seenAtMs = seenAtMs
      else {
        const document = await management.readStatus(user, id, platform)
        if (document !== null && isBelievable(document, seen, seenAtMs))
          entry.statuses.set(platform, { etag, document, seenAtMs })
      }
    }
    const statuses = new Map([...entry.statuses].map(([platform, { document }]) => [platform, document]))
    const jobs = [...statuses.values()].flatMap((status) => status.jobs)
    await management.readEarlier(user, request, jobs, entry.earlier)
    return { request, earlier: entry.earlier, orders: [...entry.orders.values()], statuses }
  }

  /** Orders that were listed; one that is none of ours, or that only a newer version can read, is left out. */
  const readAllListed = async (user: string, listed: readonly ListedOrder[]): Promise<KnownOrder[]> => {
    const found = await mapLimited(listed, mostReads, (one) => leaveUnreadable(readOne(user, one)))
    return found.filter((one) => one !== null)
  }

  return {
    /** One order; somebody else's is as unknown as one that never was. */
    async read(user: string, id: string): Promise<KnownOrder> {
      if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(id)) throw unknownOrder(id)
      const found = await readOne(user, await management.listOrder(user, id))
      if (found === null) throw unknownOrder(id)
      return found
    },

    readListed: readAllListed,

    /** All orders of a user, newest first. */
    async readAll(user: string): Promise<KnownOrder[]> {
      const orders = await readAllListed(user, await management.listOrders(user))
      const keyOf = ({ request }: KnownOrder) => orderKey(request.createdAt, request.id)
      return orders.sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1))
    }
  }
}
/** By which orders are sorted: the time at which they came, and the id where two came at once. */
export function orderKey(createdAt: string, id: string): string {
  return `${createdAt} ${id}`
}

export type OrderReader = ReturnType<typeof createOrderReader>

function unknownOrder(id: string): Problem {
  return new Problem(404, `there is no orchestration ${id}`)
}
