import { z } from 'zod'
import { Problem } from './problem.ts'

/** How a list is asked for in parts. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().optional()
})

/** One part of a list, and the cursor of the next: the key of the last item that was given. */
export function paginate<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { limit, cursor }: z.output<typeof pageQuery>
): { items: Item[]; next: string | null } {
  const last =
    cursor === undefined ? -1 : items.findIndex((item) => keyOf(item) === Buffer.from(cursor, 'base64url').toString('utf8'))
  if (cursor !== undefined && last === -1)
    throw new Problem(400, 'the cursor is not one of this list', {
      errors: [{ path: '?cursor', message: 'ask without it for the first part' }]
    })
  const part = items.slice(last + 1, last + 1 + limit)
  const final = part.at(-1)
  const hasMore = last + 1 + limit < items.length
  return { items: part, next: hasMore && final !== undefined ? Buffer.from(keyOf(final)).toString('base64url') : null }
}
