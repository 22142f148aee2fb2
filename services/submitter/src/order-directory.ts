import type { SettledOrder } from '@lautta/core/documents/finished-document'
import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import { mapLimited } from '@lautta/core/map-limited'
import type { AcceptedRequest } from '@lautta/core/orchestration/known-order'
import type { ListedOrder } from '@lautta/object-store/list-orders'
import type { Management } from '@lautta/object-store/management'

/** An order that may have work left on a platform. */
export interface OpenOrder {
  listed: ListedOrder
  request: AcceptedRequest
}

// Orders that are read at a time.
const mostReads = 16

type Settled = ReadonlyMap<string, SettledOrder>

/** A request, and the newest version that was listed when it was read. */
interface Read {
  request: AcceptedRequest
  newest: number
}

/**
 * Finds what is to be done: one listing of a user's documents, and the requests of those orders that the accelerators
 * do not call settled. Requests and their versions are immutable, so each is read once.
 */
export function createOrderDirectory(management: Management) {
  const requestsByUser = new Map<string, Map<string, Read>>()
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
      const requests = new Map<string, Read>()
      await mapLimited(await management.listOrders(user), mostReads, async (listed) => {
        if (await isSettledEverywhere(listed, readSettled)) return
        const newest = newestOf(listed)
        const read = known?.get(listed.id)
        const request =
          read?.newest === newest
            ? read.request
            : await leaveUnreadable(management.readAccepted(user, listed.id, listed.versions))
        if (request === null) return
        requests.set(listed.id, { request, newest })
        for (const platform of platformsOf({ listed, request })) {
          if (isSettled(listed, platform, await readSettled(platform))) continue
          open.set(platform, [...(open.get(platform) ?? []), { listed, request }])
        }
      })
      // Who came first goes first, whatever was read first.
      const ageOf = ({ request, listed }: OpenOrder): string => `${request.createdAt} ${listed.id}`
      for (const orders of open.values()) orders.sort((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1))
      // What was settled in the meantime is forgotten here.
      requestsByUser.set(user, requests)
      return open
    }
  }
}
export type OrderDirectory = ReturnType<typeof createOrderDirectory>

/** The newest version of an adopted request; 0 for one of the REST API. */
export function newestOf({ versions }: ListedOrder): number {
  return versions[0] ?? 0
}

/** The platforms of an order: those that its request names, and those where something of an earlier version is. */
export function platformsOf({ listed, request }: OpenOrder): Set<string> {
  return new Set([...Object.keys(request.request.platforms), ...listed.statusEtags.keys()])
}

/** Whether an order is as it was left when nothing was to be done for it any more. */
function isSettled(listed: ListedOrder, platform: string, settled: Settled): boolean {
  const { id, orderIds, statusEtags, viewEtags } = listed
  const known = settled.get(id)
  return (
    known !== undefined &&
    known.version === newestOf(listed) &&
    known.lastOrder === (orderIds.at(-1) ?? null) &&
    known.orders === orderIds.length &&
    known.statusEtag === (statusEtags.get(platform) ?? null) &&
    known.viewEtag === (viewEtags.get(platform) ?? null)
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
