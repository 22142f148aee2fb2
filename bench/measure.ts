import type { Comparison, Turn } from './benchmark.ts'

/** What all turns of a peer came to. */
export interface Figures {
  peer: string
  median: number
  least: number
  most: number
  /** Below it, or at it, are 95 of 100 turns. */
  p95: number
  /** The median as a share of the reference's, and how much more than that it is. */
  ratio: number
  difference: number
  errors: number
}

/** A comparison that has been made. */
export interface Measured {
  title: string
  unit: string
  rounds: number
  reference: string
  toldAs: 'share' | 'difference'
  figures: Figures[]
}

const usualRounds = 7

/** Measures the peers of a comparison, in turns, so that a busy moment of the machine meets all of them. */
export async function measure(comparison: Comparison): Promise<Measured> {
  const { title, unit, peers, reference, toldAs = 'share', rounds = usualRounds } = comparison
  const turns = new Map<string, Turn[]>(Object.keys(peers).map((peer) => [peer, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [peer, takeTurn] of Object.entries(peers)) turns.get(peer)?.push(await takeTurn())
  }
  const compared = findQuantile(turns.get(reference) ?? [], 0.5)
  const figures = [...turns].map(([peer, taken]) => ({
    peer,
    median: findQuantile(taken, 0.5),
    least: Math.min(...taken.map(({ figure }) => figure)),
    most: Math.max(...taken.map(({ figure }) => figure)),
    p95: findQuantile(taken, 0.95),
    ratio: findQuantile(taken, 0.5) / compared,
    difference: findQuantile(taken, 0.5) - compared,
    errors: taken.reduce((sum, { errors }) => sum + errors, 0)
  }))
  return { title, unit, rounds, reference, toldAs, figures }
}

function findQuantile(turns: readonly Turn[], share: number): number {
  return turns.map(({ figure }) => figure).toSorted((a, b) => a - b)[Math.floor(turns.length * share)] ?? Number.NaN
}
