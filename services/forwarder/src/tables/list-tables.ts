import type { ObjectEntry, ObjectStore } from '@lautta/object-store/object-store'

/**
 * The objects of some orders among those of a table, and perhaps others beside them. A listing ends where its prefix does, and begins
 * where it is told to: so it begins at the first order that is not listed yet, and never takes more requests than all objects would.
 */
export async function listTables(
  store: ObjectStore,
  bucket: string,
  prefix: string,
  orderIds: readonly string[]
): Promise<ObjectEntry[]> {
  const objects: ObjectEntry[] = []
  const beginnings = orderIds.map((id) => `${prefix}${id}-`).sort()
  const common = commonBeginning(beginnings[0] ?? '', beginnings.at(-1) ?? '')
  // All names up to this one are listed; null: all there are.
  let reached: string | null = ''
  for (const beginning of beginnings) {
    while (reached !== null && (reached < beginning || reached.startsWith(beginning))) {
      const part = await store.list(bucket, { prefix: common, after: reached < beginning ? beginning : reached })
      for (const object of part.objects) objects.push(object)
      reached = part.next
    }
  }
  return objects
}

/** Of the first and the last of sorted names: what all of them begin with. */
function commonBeginning(first: string, last: string): string {
  let length = 0
  while (length < first.length && first[length] === last[length]) length++
  return first.slice(0, length)
}
