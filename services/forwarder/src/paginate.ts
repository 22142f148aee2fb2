import { z } from 'zod'

/** How a list is asked for in parts. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().optional()
})

/**
 * One part of a list that stands in falling sequence of its keys, and the cursor of the next: the key of the last item
 * that was given, whether it is still there or not.
 */
export function paginate<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { limit, cursor }: z.output<typeof pageQuery>
): { items: Item[]; next: string | null } {
  const last = cursor === undefined ? null : Buffer.from(cursor, 'base64url').toString('utf8')
  const left = last === null ? items : items.filter((item) => keyOf(item) < last)
  const part = left.slice(0, limit)
  const final = part.at(-1)
  return {
    items: part,
    next: left.length > limit && final !== undefined ? Buffer.from(keyOf(final)).toString('base64url') : null
  }
}
