import type { SettledOrder } from '@lautta/core/documents/finished-document'
import type { OrderDocument } from '@lautta/core/documents/order-document'
import type { HistoryEntry } from '@lautta/core/documents/status-document'
import { messageOf } from '@lautta/core/errors'
import type { Job } from '@lautta/core/job/job'
import { foldOrders, isAheadOf, type JobOrders } from '@lautta/core/job/orders'
import { isSettled } from '@lautta/core/job/settled'
import type { BegunTry } from '@lautta/core/object-names'
import type { Lease } from '@lautta/queue/leases'
import { createLiveOrder, type LiveOrder } from './live-order.ts'
import type { OpenOrder } from './order-directory.ts'
import { LeaseLostError, type SessionPorts } from './session-ports.ts'

// A write takes at most this long; with less lease left none is begun.
const writeBoundMs = 10_000
const refreshAllMs = 2 * 60 * 1000

/** An order in the book, with what the store had of it when it was last looked at. */
interface Entry {
  order: LiveOrder
  open: OpenOrder
  statusEtag: string | null
}

/**
 * The unfinished orders of one user on one platform, in memory. It is filled from the object store and kept up to date
 * by hints; every other minute all is looked at again, so a lost hint costs that long and nothing else.
 */
export function createOrderBook(ports: SessionPorts, currentLease: () => Lease) {
  const { user, known, management, changes, directory, now, logger } = ports
  const entries = new Map<string, Entry>()
  let settled: Map<string, SettledOrder> | null = null
  let refreshedAllAtMs: number | null = null

  const tellHistory = (id: string, line: HistoryEntry): void => {
    const { index, from, to, reason } = line
    logger.info({ orchestration: id, platform: known.name, job: index, from, to, reason }, 'job')
    changes.tell({ user, id }).catch((error: unknown) => logger.debug({ error: messageOf(error) }, 'a change was not told'))
  }

  const load = async (open: OpenOrder): Promise<Entry> => {
    const { id } = open.listed
    const saved = await management.readStatus(user, id, known.name)
    if (saved !== null && saved.fence > currentLease().fence) {
      throw new LeaseLostError(`${id} was written under a higher fence`, saved.fence + 1)
    }
    const entry: Entry = {
      open,
      statusEtag: open.listed.statusEtags.get(known.name) ?? null,
      order: createLiveOrder({
        request: open.request,
        platform: known.name,
        saved,
        fence: () => currentLease().fence,
        now,
        onHistory: (line) => tellHistory(id, line),
        async save(status) {
          leaseForWrite()
          entry.statusEtag = await management.writeStatus(user, status)
        }
      })
    }
    return entry
  }

  /** Takes in what the store has of an order now. */
  const take = async (open: OpenOrder): Promise<void> => {
    const { id, orderIds, statusEtags, tries } = open.listed
    const entry = entries.get(id) ?? (await load(open))
    const newest = orderIds.at(-1) ?? null
    if (entry.order.orders.length !== orderIds.length || entry.order.lastOrder !== newest) {
      const read = await Promise.all(orderIds.map((orderId) => management.readOrder(user, id, orderId)))
      entry.order.orders = read.filter((order): order is OrderDocument => order !== null)
      entry.order.lastOrder = newest
    }
    entry.order.tries = await readTriesAhead(id, entry.order, tries)
    const found = statusEtags.get(known.name) ?? null
    if (entries.has(id) && found !== null && found !== entry.statusEtag) await settleDifference(entry)
    // An order that was left settled, with another status since: that is a late write as well.
    const left = settled?.get(id)
    if (!entries.has(id) && left !== undefined && left.statusEtag !== found) await entry.order.saveAgain()
    entry.open = open
    entries.set(id, entry)
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

  /** The store has another status than we wrote last: a late write of a former holder, or we are the former one. */
  const settleDifference = async ({ order }: Entry): Promise<void> => {
    const found = await management.readStatus(user, order.request.id, known.name)
    if (found !== null && found.fence > currentLease().fence) {
      throw new LeaseLostError(`${order.request.id} was written under a higher fence`, found.fence + 1)
    }
    await order.saveAgain()
  }

  const refreshAll = async (): Promise<void> => {
    const atMs = now().getTime()
    settled ??= await management.readFinished(user, known.name)
    const open = (await directory.findOpen(user)).get(known.name) ?? []
    for (const one of open) await take(one)
    for (const id of [...entries.keys()].filter((known) => !open.some(({ listed }) => listed.id === known))) entries.delete(id)
    refreshedAllAtMs = atMs
  }

  const refreshOne = async (id: string): Promise<void> => {
    const request = entries.get(id)?.open.request ?? (await management.readRequest(user, id))
    if (request?.request.platforms[known.name] === undefined) return
    await take({ request, listed: await management.listOrder(user, id) })
  }

  /** The lease, when enough of it is left for a write. */
  const leaseForWrite = (): Lease => {
    const lease = currentLease()
    if (lease.remainingMs() < writeBoundMs) throw new LeaseLostError('too little of the lease is left for a write')
    return lease
  }

  return {
    /** Writes down that a submission begins. */
    async beginTry(order: LiveOrder, { index, attempt }: Job, number: number): Promise<void> {
      const begun = { platform: known.name, index, attempt, try: number }
      const { fence } = leaseForWrite()
      await management.writeTry(user, order.request.id, { schema: 1, ...begun, fence, at: now().toISOString() })
    },

    orders: (): LiveOrder[] => [...entries.values()].map(({ order }) => order),

    /** Forgets all: another holder may have changed it. */
    reset(): void {
      entries.clear()
      settled = null
      refreshedAllAtMs = null
    },

    /** Takes in new and changed orders; answers the ids of those that somebody told us to look at. */
    async refresh(): Promise<string[]> {
      // Redis being away costs the hints: what changed is found when all is looked at again.
      const hinted = await changes.take(user, known.name).catch(() => [])
      try {
        if (refreshedAllAtMs === null || now().getTime() - refreshedAllAtMs >= refreshAllMs) await refreshAll()
        else for (const id of hinted) await refreshOne(id)
        return hinted
      } catch (error) {
        await Promise.all(hinted.map((id) => changes.remember(user, known.name, id))).catch(() => {})
        throw error
      }
    },

    /** Puts orders with nothing left to do out of the book, and into the accelerator. */
    async settle(): Promise<void> {
      const done = [...entries.values()].filter(({ order }) => isOrderSettled(order, now()))
      if (done.length === 0 || settled === null) return
      for (const entry of done) settled.set(entry.open.listed.id, describeSettled(entry))
      await management.writeFinished(user, known.name, [...settled.values()])
      for (const { open } of done) entries.delete(open.listed.id)
    }
  }
}
export type OrderBook = ReturnType<typeof createOrderBook>

/** What an order is known by, once nothing is left to do for it. */
function describeSettled({ order, open, statusEtag }: Entry): SettledOrder {
  return {
    id: open.listed.id,
    lastOrder: order.lastOrder,
    statusEtag,
    platforms: Object.keys(open.request.request.platforms).length
  }
}

/** The orders that concern one job. */
export function ordersOf(order: LiveOrder, index: number): JobOrders {
  return foldOrders(order.orders, order.tries, order.status.platform, index)
}

/** Declared jobs may still be started: only an order whose jobs have all ended is settled. */
function isOrderSettled({ status }: LiveOrder, now: Date): boolean {
  return status.jobs.every((job) => job.state.kind !== 'declared' && isSettled(job, now))
}
