import type { SettledOrder } from '@lautta/core/documents/finished-document'
import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import { isSettled } from '@lautta/core/job/settled'
import { mapLimited } from '@lautta/core/map-limited'
import { createKeepViews } from './keep-views.ts'
import type { KnownEnvironment } from './known-environment.ts'
import type { LiveOrder } from './live-order.ts'
import { newestOf, type OpenOrder, platformsOf } from './order-directory.ts'
import type { LoadedOrder, OrderLoader } from './order-loader.ts'
import type { SessionPorts } from './session-ports.ts'

// Less than between two surveys: each is then followed by a look at everything, should a hint have been lost.
const refreshAllMs = 100 * 1000

// Orders that are read at a time.
const mostReads = 16

/**
 * The unfinished orders of one user on one platform, in memory. It is filled from the object store and kept up to date
 * by hints; every other minute all is looked at again, so a lost hint costs that long and nothing else.
 */
export function createOrderBook(ports: SessionPorts, loader: OrderLoader, environment: Pick<KnownEnvironment, 'read' | 'reset'>) {
  const { user, known, management, changes, directory, now } = ports
  const keepViews = createKeepViews(ports, environment.read)
  const book = new Map<string, LoadedOrder>()
  let settled: Map<string, SettledOrder> | null = null
  let refreshedAllAtMs: number | null = null

  /** An effect that is still under way may write nothing of an order that would be loaded anew. */
  const drop = (id: string): void => {
    book.get(id)?.order.abandon()
    book.delete(id)
  }

  /** Takes in what the store has of an order now. What only a newer version can read is left alone. */
  const take = async (open: OpenOrder, isHinted: boolean): Promise<LoadedOrder> => {
    const { id, statusEtags } = open.listed
    const found = statusEtags.get(known.name) ?? null
    const present = book.get(id)
    const loaded = present ?? (await loader.load(open))
    await loader.renew(loaded, open, isHinted)
    // Of an order that we hold, and of one that was left settled, it is known which status should be there.
    const expected = present === undefined ? (settled?.get(id)?.statusEtag ?? found) : loaded.statusEtag
    if (found !== null && found !== expected) await loader.overwriteLateWrite(loaded)
    const viewEtag = open.listed.viewEtags.get(known.name) ?? null
    if (viewEtag !== loaded.view.etag) loaded.view = { etag: viewEtag, of: null }
    return loaded
  }

  const refreshAll = async (hinted: readonly string[]): Promise<void> => {
    const atMs = now().getTime()
    settled ??= await management.readFinished(user, known.name)
    const open = (await directory.findOpen(user)).get(known.name) ?? []
    const takeOne = (one: OpenOrder) => leaveUnreadable(take(one, hinted.includes(one.listed.id)))
    const taken = (await mapLimited(open, mostReads, takeOne)).filter((one) => one !== null)
    const ids = new Set(taken.map(({ order }) => order.id))
    for (const id of [...book.keys()].filter((one) => !ids.has(one))) drop(id)
    // In the sequence in which they came: so their jobs are submitted.
    for (const loaded of taken) book.set(loaded.order.id, loaded)
    refreshedAllAtMs = atMs
  }

  const refreshOne = async (id: string): Promise<void> => {
    const listed = await management.listOrder(user, id)
    const open = book.get(id)?.open
    const isKnown = open !== undefined && newestOf(open.listed) === newestOf(listed)
    const request = isKnown ? open.request : await management.readAccepted(user, id, listed.versions)
    if (request === null || !platformsOf({ listed, request }).has(known.name)) return
    const loaded = await take({ listed, request }, true)
    book.set(id, loaded)
  }

  return {
    orders: (): LiveOrder[] => [...book.values()].map(({ order }) => order),

    /** Forgets all: another holder may have changed it. */
    reset(): void {
      for (const { order } of book.values()) order.abandon()
      book.clear()
      environment.reset()
      settled = null
      refreshedAllAtMs = null
    },

    /** Takes in new and changed orders; answers the ids of those that somebody told us to look at. */
    async refresh(): Promise<string[]> {
      // Redis being away costs the hints: what changed is found when all is looked at again.
      const hinted = await changes.take(user, known.name).catch(() => [])
      try {
        const isDue = refreshedAllAtMs === null || now().getTime() - refreshedAllAtMs >= refreshAllMs
        if (isDue) await refreshAll(hinted)
        const unread = hinted.filter((one) => !isDue || !book.has(one))
        await mapLimited(unread, mostReads, (id) => leaveUnreadable(refreshOne(id)))
        return hinted
      } catch (error) {
        await Promise.all(hinted.map((id) => changes.remember(user, known.name, id))).catch(() => {})
        throw error
      }
    },

    /** Writes what changed for notebooks, and puts orders with nothing left to do out of the book, into the accelerator. */
    async settle(): Promise<void> {
      // Chosen first: an order that ends while views are written still needs one that tells it.
      const ended = [...book.values()].filter(({ order }) => isOrderSettled(order))
      const kept = await keepViews([...book.values()])
      const done = ended.filter((loaded) => kept.has(loaded))
      if (done.length === 0 || settled === null) return
      for (const loaded of done) settled.set(loaded.open.listed.id, describeSettled(loaded))
      await management.writeFinished(user, known.name, [...settled.values()])
      for (const { open } of done) drop(open.listed.id)
    }
  }
}

/** What an order is known by, once nothing is left to do for it. */
function describeSettled({ order, open, statusEtag, view }: LoadedOrder): SettledOrder {
  const { id, orderCount: orders, lastOrder } = order
  const [platforms, version] = [platformsOf(open).size, newestOf(open.listed)]
  return { id, orders, lastOrder, statusEtag, viewEtag: view.etag, platforms, version }
}

/** Declared jobs may still be started: only an order whose jobs have all ended is settled. */
function isOrderSettled({ status }: LiveOrder): boolean {
  return status.jobs.every((job) => job.state.kind !== 'declared' && isSettled(job))
}
