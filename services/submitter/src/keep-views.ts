import { messageOf } from '@lautta/core/errors'
import { createKeepView } from './keep-view.ts'
import { newestOf } from './order-directory.ts'
import type { LoadedOrder } from './order-loader.ts'
import { LeaseLostError, OutdatedOrderError, type SessionPorts } from './session-ports.ts'

// Views that are written at a time.
const mostWrites = 8

/** Writes the views of orders; answers those whose view stands. One that can't be written holds up nothing else. */
export function createKeepViews(ports: SessionPorts) {
  const { known, logger } = ports
  const keepView = createKeepView(ports)
  return async (orders: readonly LoadedOrder[]): Promise<Set<LoadedOrder>> => {
    const kept = new Set<LoadedOrder>()
    const waiting = orders.values()
    const keepSome = async (): Promise<void> => {
      // One iterator for all: each takes the next order.
      for (const loaded of waiting) {
        const { order, view, open } = loaded
        try {
          await keepView(order, view, newestOf(open.listed) > 0)
          kept.add(loaded)
        } catch (error) {
          if (error instanceof LeaseLostError || error instanceof OutdatedOrderError) throw error
          logger.warn({ orchestration: order.id, platform: known.name, error: messageOf(error) }, 'a view was not written')
        }
      }
    }
    await Promise.all(Array.from({ length: mostWrites }, keepSome))
    return kept
  }
}
