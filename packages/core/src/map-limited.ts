/** Maps with at most `most` of them under way; the results stand in the sequence of the items. */
export async function mapLimited<Item, Result>(
  items: readonly Item[],
  most: number,
  map: (item: Item) => Promise<Result>
): Promise<Result[]> {
  const results: Result[] = []
  const waiting = items.entries()
  const work = async (): Promise<void> => {
    // One iterator for all: each takes the next item.
    for (const [index, item] of waiting) results[index] = await map(item)
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, work))
  return results
}
