import type { SettledOrder } from '@lautta/core/documents/finished-document'
import type { RequestDocument } from '@lautta/core/documents/request-document'
import type { ListedOrder, Management } from '@lautta/object-store/management'

/** An order that may have work left on a platform. */
export interface OpenOrder {
  listed: ListedOrder
  request: RequestDocument
}

type Settled = ReadonlyMap<string, SettledOrder>

/**
 * Finds what is to be done: one listing of a user's documents, and the requests of those orders that the accelerators
 * do not call settled. Requests are immutable, so each is read once.
 */
export function createOrderDirectory(management: Management) {
  const requestsByUser = new Map<string, Map<string, RequestDocument>>()
  return {
    /** Orders that are not settled, by platform. */
    async findOpen(user: string): Promise<Map<string, OpenOrder[]>> {
      const settledOn = new Map<string, Promise<Settled>>()
      const readSettled = (platform: string): Promise<Settled> => {
        const reading = settledOn.get(platform) ?? management.readFinished(user, platform)
        settledOn.set(platform, reading)
        return reading
      }
      const open = new Map<string, OpenOrder[]>()
      const known = requestsByUser.get(user)
      const requests = new Map<string, RequestDocument>()
      for (const listed of await management.listOrders(user)) {
        if (await isSettledEverywhere(listed, readSettled)) continue
        const request = known?.get(listed.id) ?? (await management.readRequest(user, listed.id))
        if (request === null) continue
        requests.set(listed.id, request)
        for (const platform of Object.keys(request.request.platforms)) {
          if (isSettled(listed, platform, await readSettled(platform))) continue
          open.set(platform, [...(open.get(platform) ?? []), { listed, request }])
        }
      }
      // What was settled in the meantime is forgotten here.
      requestsByUser.set(user, requests)
      return open
    }
  }
}
export type OrderDirectory = ReturnType<typeof createOrderDirectory>

/** Whether an order is as it was left when nothing was to be done for it any more. */
function isSettled({ id, orderIds, statusEtags }: ListedOrder, platform: string, settled: Settled): boolean {
  const known = settled.get(id)
  return (
    known !== undefined &&
    known.lastOrder === (orderIds.at(-1) ?? null) &&
    known.orders === orderIds.length &&
    known.statusEtag === (statusEtags.get(platform) ?? null)
  )
}

async function isSettledEverywhere(listed: ListedOrder, readSettled: (platform: string) => Promise<Settled>): Promise<boolean> {
  const settled = await Promise.all(
    [...listed.statusEtags.keys()].map(async (platform) => ({ platform, on: await readSettled(platform) }))
  )
  return (
    settled.length > 0 &&
    settled.every(({ platform, on }) => isSettled(listed, platform, on) && on.get(listed.id)?.platforms === settled.length)
  )
}
