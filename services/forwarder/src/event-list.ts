import type { KnownOrder } from '@lautta/core/orchestration/answer'
import { z } from 'zod'

/** An event: one line of an order's history on one platform. */
export const eventSchema = z.object({
  id: z.string(),
  orchestration: z.string(),
  platform: z.string(),
  index: z.number(),
  at: z.string(),
  from: z.string(),
  to: z.string(),
  reason: z.string().nullable(),
  by: z.string()
})
export type OrderEvent = z.output<typeof eventSchema>

/** All events of an order, oldest first; within a platform in the sequence in which they happened. */
export function eventsOf({ request, statuses }: KnownOrder): OrderEvent[] {
  const events = [...statuses].flatMap(([platform, status]) =>
    status.history.map(({ sequence, ...line }) => ({
      id: `${request.id}:${platform}:${sequence}`,
      orchestration: request.id,
      platform,
      ...line
    }))
  )
  // Array sort is stable: lines of one moment keep their sequence.
  return events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

const overlapMs = 60_000

/**
 * What a client that knows the events up to `lastId` has not seen: from a minute before that event on, because the
 * clocks of platforms differ; doubles are dropped by id. Null when there is no such event.
 */
export function eventsAfter(events: readonly OrderEvent[], lastId: string): OrderEvent[] | null {
  const last = events.find(({ id }) => id === lastId)
  if (last === undefined) return null
  const fromMs = Date.parse(last.at) - overlapMs
  return events.filter(({ at }) => Date.parse(at) >= fromMs)
}
