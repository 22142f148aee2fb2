/**
 * Maps with at most `most` of them under way; the results stand in the sequence of the items. Once one has failed, no
 * further one is begun.
 */
export async function mapLimited<Item, Result>(
  items: readonly Item[],
  most: number,
  map: (item: Item) => Promise<Result>
): Promise<Result[]> {
  const results: Result[] = []
  const waiting = items.entries()
  let hasFailed = false
  const work = async (): Promise<void> => {
    // One iterator for all: each takes the next item.
    for (const [index, item] of waiting) {
      if (hasFailed) return
      results[index] = await map(item).catch((error: unknown) => {
        hasFailed = true
        throw error
      })
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, work))
  return results
}
