/** Maps in the sequence of the items, with the next `most` of them under way while one is looked at. */
export async function* mapAhead<Item, Result>(
  items: Iterable<Item>,
  most: number,
  map: (item: Item) => Promise<Result>
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = []
  const begin = (item: Item): void => {
    const result = map(item)
    // It is met when its turn comes, if it comes.
    result.catch(() => {})
    underWay.push(result)
  }
  for (const item of items) {
    begin(item)
    const first = underWay.length >= most ? underWay.shift() : undefined
    if (first !== undefined) yield await first
  }
  for (const result of underWay) yield await result
}
