import type { KnownOrder } from '@lautta/core/orchestration/known-order'
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
  const events = [...statuses].flatMap(([platform, status]) => {
    let latest = ''
    return status.history.map(({ sequence, ...line }) => {
      // Another submitter's clock may be behind: its lines stand after those before them all the same.
      latest = line.at > latest ? line.at : latest
      const event: OrderEvent = { id: `${request.id}:${platform}:${sequence}`, orchestration: request.id, platform, ...line }
      return { event, latest }
    })
  })
  // Array sort is stable: lines of one moment keep their sequence.
  return events.sort((a, b) => (a.latest < b.latest ? -1 : a.latest > b.latest ? 1 : 0)).map(({ event }) => event)
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
