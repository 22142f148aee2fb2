/** How much one pickle may come to. What is shared in it counts as often as it is used. */
export interface PickleLimits {
  /** Of the pickle itself, and of the text in it. */
  mostBytes: number
  /** Keys of dicts count too. */
  mostValues: number
  /** Dicts and lists within one another. */
  deepest: number
}

/** Enough for an orchestration of thousands of jobs; the worst pickle of this size costs a second, and 250 MB meanwhile. */
export const usualLimits: PickleLimits = { mostBytes: 16 * 1024 * 1024, mostValues: 200_000, deepest: 100 }

// Beyond these, JavaScript's own limits would be met first: of the stack, of a Map, of a string.
const highestLimits: PickleLimits = { mostBytes: 256 * 1024 * 1024, mostValues: 10_000_000, deepest: 1000 }

/** The limits that hold: those asked for, or the usual ones, and never more than is safe. */
export function limitsFrom(asked: Partial<PickleLimits>): PickleLimits {
  const { mostBytes, mostValues, deepest } = { ...usualLimits, ...asked }
  return {
    mostBytes: Math.min(mostBytes, highestLimits.mostBytes),
    mostValues: Math.min(mostValues, highestLimits.mostValues),
    deepest: Math.min(deepest, highestLimits.deepest)
  }
}
