import { createHash } from 'node:crypto'
import { messageOf } from '@lautta/core/errors'
import { pickleView } from '@lautta/core/orchestration/pickled-view'
import { PickleError } from '@lautta/core/pickle/pickle-error'
import type { KnownEnvironment } from './known-environment.ts'
import type { LiveOrder } from './live-order.ts'
import type { SessionPorts } from './session-ports.ts'

/** The pickled view of an order as it lies in the store. */
export interface StoredView {
  etag: string | null
  /** What it tells; null when that is not known. */
  of: string | null
}

/**
 * Writes orders as notebooks read them: the adopted ones, and all where that is switched on. A view is written under the
 * lease, after the status that it tells, and before the order counts as settled; so none stays behind for ever.
 */
export function createKeepView(
  { user, known, management, pickleViews, logger }: SessionPorts,
  readEnvironment: KnownEnvironment['read']
) {
  return async (order: LiveOrder, view: StoredView, isAdopted: boolean): Promise<void> => {
    const { id, request, earlier, orders, status } = order
    if (!isAdopted && !pickleViews) return
    const present = JSON.stringify([status.sequence, order.orderCount, request.version, request.errors])
    if (view.of === present) return
    order.fence()
    try {
      const statuses = new Map([[known.name, status]])
      const content = pickleView({ request, earlier, orders, statuses }, known.name, await readEnvironment())
      const isThere = createHash('md5').update(content).digest('hex') === view.etag
      if (!isThere) view.etag = await management.writeView(user, id, known.name, content)
    } catch (error) {
      if (!(error instanceof PickleError)) throw error
      logger.warn({ orchestration: id, platform: known.name, error: messageOf(error) }, 'too large for a pickled view')
    }
    view.of = present
  }
}
