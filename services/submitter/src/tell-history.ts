import type { HistoryEntry } from '@lautta/core/documents/status-document'
import { messageOf } from '@lautta/core/errors'
import { platformsThatNeed } from '@lautta/core/orchestration/needs'
import type { LiveOrder } from './live-order.ts'
import type { SessionPorts } from './session-ports.ts'

/** Tells each new line of a history: the log, those who follow the order, and the jobs that need one which has ended. */
export function createTellHistory({ user, known, changes, queues, logger }: SessionPorts) {
  /** A hint that is lost costs the session there a survey, and nothing else. */
  const tellDependants = async ({ id, request }: LiveOrder, index: number): Promise<void> => {
    for (const platform of platformsThatNeed(request.request.platforms, { platform: known.name, index })) {
      // Here its end is known.
      if (platform !== known.name) await changes.remember(user, platform, id)
      await queues.nudgeReconcile({ user, platform })
    }
  }

  return (order: LiveOrder, { index, from, to, reason }: HistoryEntry): void => {
    const { id } = order
    const notTold = (error: unknown) => logger.debug({ error: messageOf(error) }, 'a change was not told')
    logger.info({ orchestration: id, platform: known.name, job: index, from, to, reason }, 'job')
    changes.tell({ user, id }).catch(notTold)
    if (to === 'finished' && from !== to) tellDependants(order, index).catch(notTold)
  }
}
