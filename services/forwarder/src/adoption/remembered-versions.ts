import type { AdoptedVersion } from '@lautta/core/documents/adopted-document'
import type { OrderDocument } from '@lautta/core/documents/order-document'
import type { Orchestration } from '@lautta/core/orchestration/dictionary'
import type { KnownOrder } from '@lautta/core/orchestration/known-order'

/** Who gave an order that follows from a version, and when. */
export function originOf({ user, number, adoptedAt }: AdoptedVersion) {
  return { version: number, by: user, keyId: 'bucket', at: adoptedAt }
}

/** What this process adopted or recalled: a listing may show it much later. */
export function createRememberedVersions() {
  const remembered = new Map<string, { newest: AdoptedVersion; orders: OrderDocument[] }>()
  return {
    newestOf: (id: string): AdoptedVersion | null => remembered.get(id)?.newest ?? null,

    add(version: AdoptedVersion): void {
      const known = remembered.get(version.id)
      if (known?.newest.number === version.number) return
      const added = version.orders.map(({ orderId: _, ...order }) => ({ schema: 1, ...order, ...originOf(version), hmac: '' }))
      remembered.set(version.id, { newest: version, orders: [...(known?.orders ?? []), ...added] })
    },

    /** An order as a listing shows it, with the request that counts since `former`, and the orders that it may not show yet. */
    complete(known: KnownOrder, former: AdoptedVersion, inForce: Orchestration | null): KnownOrder {
      const orders = [...known.orders, ...(remembered.get(former.id)?.orders ?? [])]
      const { request, version } = known.request
      if (inForce === null || version === former.inForce) return { ...known, orders }
      const earlier = new Map(known.earlier)
      if (version !== null) earlier.set(version, request)
      return { ...known, orders, earlier, request: { ...known.request, request: inForce, version: former.inForce } }
    }
  }
}
