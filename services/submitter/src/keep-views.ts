import { messageOf } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import { createKeepView } from './keep-view.ts'
import type { KnownEnvironment } from './known-environment.ts'
import { newestOf } from './order-directory.ts'
import type { LoadedOrder } from './order-loader.ts'
import { LeaseLostError, OutdatedOrderError, type SessionPorts } from './session-ports.ts'

// Views that are written at a time.
const mostWrites = 8

/** Writes the views of orders; answers those whose view stands. One that can't be written holds up nothing else. */
export function createKeepViews(ports: SessionPorts, readEnvironment: KnownEnvironment['read']) {
  const { known, logger } = ports
  const keepView = createKeepView(ports, readEnvironment)
  return async (orders: readonly LoadedOrder[]): Promise<Set<LoadedOrder>> => {
    const kept = new Set<LoadedOrder>()
    await mapLimited(orders, mostWrites, async (loaded) => {
      const { order, view, open } = loaded
      try {
        await keepView(order, view, newestOf(open.listed) > 0)
        kept.add(loaded)
      } catch (error) {
        if (error instanceof LeaseLostError || error instanceof OutdatedOrderError) throw error
        logger.warn({ orchestration: order.id, platform: known.name, error: messageOf(error) }, 'a view was not written')
      }
    })
    return kept
  }
}
