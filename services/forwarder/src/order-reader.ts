import type { OrderDocument } from '@lautta/core/documents/order-document'
import type { RequestDocument } from '@lautta/core/documents/request-document'
import { isBelievable, type SeenStatus } from '@lautta/core/documents/status-document'
import type { KnownOrder } from '@lautta/core/orchestration/answer'
import type { ListedOrder, Management } from '@lautta/object-store/management'
import { Problem } from './problem.ts'

/** Orders whose documents are kept in memory. */
const mostKept = 2000

interface Kept {
  request: RequestDocument
  orders: Map<string, OrderDocument>
  statuses: Map<string, SeenStatus & { etag: string }>
}

/**
 * Reads orders back for their users. Requests and order objects never change and are read once; a status is read again
 * when its ETag is another, and late writes are passed over.
 */
export function createOrderReader(management: Management) {
  const kept = new Map<string, Kept>()

  const keep = (key: string, request: RequestDocument): Kept => {
    const entry = kept.get(key) ?? { request, orders: new Map(), statuses: new Map() }
    // The least recently used goes first.
    kept.delete(key)
    kept.set(key, entry)
    for (const oldest of kept.keys()) {
      if (kept.size <= mostKept) break
      kept.delete(oldest)
    }
    return entry
  }

  const readListed = async (user: string, { id, orderIds, statusEtags }: ListedOrder): Promise<KnownOrder | null> => {
    const key = JSON.stringify([user, id])
    const request = kept.get(key)?.request ?? (await management.readRequest(user, id))
    if (request === null) return null
    const entry = keep(key, request)
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
    return {
      request,
      orders: [...entry.orders.values()],
      statuses: new Map([...entry.statuses].map(([platform, { document }]) => [platform, document]))
    }
  }

  return {
    /** One order; somebody else's is as unknown as one that never was. */
    async read(user: string, id: string): Promise<KnownOrder> {
      if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(id)) throw unknownOrder(id)
      const found = await readListed(user, await management.listOrder(user, id))
      if (found === null) throw unknownOrder(id)
      return found
    },

    /** All orders of a user, newest first. */
    async readAll(user: string): Promise<KnownOrder[]> {
      const orders: KnownOrder[] = []
      for (const listed of await management.listOrders(user)) {
        const found = await readListed(user, listed)
        if (found !== null) orders.push(found)
      }
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
