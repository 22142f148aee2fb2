/** Chances that are the same for the same seed. */
export interface Choice {
  /** A whole number from 0 on, below the bound. */
  below(bound: number): number
  pick<Item>(items: readonly [Item, ...Item[]]): Item
  shuffle<Item>(items: readonly Item[]): Item[]
}

/** One seed is one course of a fault story, as far as the machine lets it be. */
export function createChoice(seed: number): Choice {
  let state = seed
  const below = (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * bound)
  }
  return {
    below,
    pick: ([first, ...others]) => others[below(others.length + 1)] ?? first,
    shuffle(items) {
      const left = [...items]
      return items.flatMap(() => left.splice(below(left.length), 1))
    }
  }
}
