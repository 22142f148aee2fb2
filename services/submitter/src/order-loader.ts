import type { OrderDocument } from '@lautta/core/documents/order-document'
import { presentSchema } from '@lautta/core/documents/schema-number'
import { UnreadableDocumentError } from '@lautta/core/documents/sealed-document'
import type { StatusDocument } from '@lautta/core/documents/status-document'
import type { Job } from '@lautta/core/job/job'
import { isAheadOf } from '@lautta/core/job/orders'
import { mapLimited } from '@lautta/core/map-limited'
import type { BegunTry } from '@lautta/core/object-names'
import type { Lease } from '@lautta/queue/leases'
import { withTimeLeft } from './held-lease.ts'
import type { StoredView } from './keep-view.ts'
import { createLiveOrder, type LiveOrder } from './live-order.ts'
import { newestOf, type OpenOrder } from './order-directory.ts'
import { createReadNeeded } from './read-needed.ts'
import { LeaseLostError, type SessionPorts } from './session-ports.ts'
import { createTellHistory } from './tell-history.ts'

// Order objects that are read at a time.
const mostReads = 16

/** An order in memory, with what the store had of it when it was last looked at. */
export interface LoadedOrder {
  order: LiveOrder
  open: OpenOrder
  statusEtag: string | null
  view: StoredView
}

/** Reads orders of one user on one platform from the object store, and writes their documents under the lease. */
export function createOrderLoader(ports: SessionPorts, currentLease: () => Lease) {
  const { user, known, management, now, logger } = ports
  const tellHistory = createTellHistory(ports)
  const readNeeded = createReadNeeded(ports)

  const leaseForWrite = (): Lease => withTimeLeft(currentLease(), management.leasedWriteMs)

  /** The status as it is saved; one under a higher fence says that the lease is somebody else's. */
  const readStatus = async (id: string): Promise<StatusDocument | null> => {
    const saved = await management.readStatus(user, id, known.name)
    if (saved !== null && saved.schema > presentSchema) {
      const error = `the status of ${id} was written by a newer Lautta, which would miss what it wrote`
      logger.warn({ orchestration: id, error }, 'an order is left alone')
      throw new UnreadableDocumentError(error)
    }
    if (saved === null || saved.fence <= currentLease().fence) return saved
    throw new LeaseLostError(`${id} was written under a higher fence`, saved.fence + 1)
  }

  /** Tries that the status does not know of: it fell back to an older one. Others need no reading. */
  const readTriesAhead = async (id: string, { status }: LiveOrder, tries: readonly BegunTry[]): Promise<BegunTry[]> => {
    const ahead = tries.filter((begun) => {
      const job = status.jobs[begun.index]
      return begun.platform === known.name && job !== undefined && isAheadOf(job, begun)
    })
    const read = await Promise.all(ahead.map((begun) => management.readTry(user, id, begun)))
    return read.filter((begun) => begun !== null)
  }

  return {
    async load(open: OpenOrder): Promise<LoadedOrder> {
      const { id, statusEtags, viewEtags } = open.listed
      const saved = await readStatus(id)
      const loaded: LoadedOrder = {
        open,
        statusEtag: statusEtags.get(known.name) ?? null,
        view: { etag: viewEtags.get(known.name) ?? null, of: null },
        order: createLiveOrder({
          request: open.request,
          platform: known.name,
          saved,
          fence: () => leaseForWrite().fence,
          now,
          onHistory: (line) => tellHistory(loaded.order, line),
          async save(status) {
            loaded.statusEtag = await management.writeStatus(user, status)
          }
        })
      }
      return loaded
    },

    /** Takes in order objects, tries that were begun, and statuses that are needed here, that are new since the last look. */
    async renew(loaded: LoadedOrder, found: OpenOrder, isHinted: boolean): Promise<void> {
      const open = notBehind(loaded.open, found)
      const { id, orderIds, tries, versions } = open.listed
      const { order } = loaded
      const newest = orderIds.at(-1) ?? null
      if (order.orderCount !== orderIds.length || order.lastOrder !== newest) {
        // What was read before does not change any more.
        const before = new Map(order.orders.map((one) => [one.id, one]))
        const read = (orderId: string) => before.get(orderId) ?? management.readOrder(user, id, orderId)
        order.orders = (await mapLimited(orderIds, mostReads, async (one) => read(one))).filter((one) => one !== null)
        order.lastOrder = newest
        order.orderCount = orderIds.length
      }
      // A start counts as of its version, also where a listing has the one and not yet the other.
      const ordered = newestStarted(order.orders)
      const isBehind = ordered > (open.request.version ?? newestOf(open.listed))
      const newer = isBehind ? await management.readAccepted(user, id, [ordered, ...versions]) : null
      await order.take(newer ?? open.request)
      await management.readEarlier(user, order.request, order.status.jobs, order.earlier)
      order.tries = await readTriesAhead(id, order, tries)
      await readNeeded(order, open.listed, isHinted)
      loaded.open = open
    },

    /** The store lists another status than we wrote last: a late write of a former holder, over which ours goes again. */
    async overwriteLateWrite({ order }: LoadedOrder): Promise<void> {
      const saved = await readStatus(order.id)
      const isOurs = saved !== null && saved.fence === order.status.fence && saved.sequence === order.status.sequence
      if (!isOurs) await order.saveAgain()
    },

    /** Writes down that a submission begins, and what it may cost. */
    async beginTry(order: LiveOrder, { index, attempt, version }: Job, number: number): Promise<void> {
      const estimate = order.status.jobs[index]?.estimate ?? null
      const begun = { platform: known.name, index, attempt, try: number, version, estimate }
      await management.writeTry(user, order.id, { schema: 1, ...begun, fence: order.fence(), at: now().toISOString() })
    }
  }
}
export type OrderLoader = ReturnType<typeof createOrderLoader>

/** The newest version in which a start stands; 0 when none does. */
function newestStarted(orders: readonly OrderDocument[]): number {
  return Math.max(0, ...orders.filter(({ order }) => order === 'start').map(({ version = 0 }) => version))
}

/** What was found, but with the versions that we know where its listing shows fewer. */
function notBehind({ listed, request }: OpenOrder, found: OpenOrder): OpenOrder {
  if (newestOf(found.listed) >= newestOf(listed)) return found
  return { request, listed: { ...found.listed, versions: listed.versions } }
}
