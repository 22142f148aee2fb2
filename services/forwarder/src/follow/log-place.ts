import { z } from 'zod'

/** From where on a log is asked for; without an attempt it is the present one's. */
export interface AskedPlace {
  attempt?: number | undefined
  offset: number
}

/** The id of an event that was seen last. */
export const lastEventId = z.string().regex(/^\d{1,15}(@\d{1,9})?$/, 'is the id of an event of a log: the byte behind it')

/** A client that comes back goes on where it was, also when its URL names another place, as that of a browser does. */
export function placeOf(asked: AskedPlace, lastId: string | undefined): AskedPlace {
  if (lastId === undefined) return asked
  const [offset, attempt] = lastId.split('@').map(Number)
  return { attempt: asked.attempt ?? attempt ?? 1, offset: offset ?? 0 }
}

/**
 * The id of an event is the byte behind it. A later attempt than the first has a log of its own, and so the id names it,
 * unless the URL does: who comes back after a retry goes on with the log that was followed.
 */
export function idsOfPlaces(askedAttempt: number | undefined, attempt: number): (offset: number) => string {
  const isNamed = askedAttempt !== undefined || attempt === 1
  return (offset) => (isNamed ? String(offset) : `${offset}@${attempt}`)
}
