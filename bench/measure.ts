import type { Comparison, Turn } from './benchmark.ts'

/** What all turns of a peer came to. */
interface Figures {
  peer: string
  median: number
  least: number
  most: number
  /** The median as a share of the reference's. */
  ratio: number
  errors: number
}

/** A comparison that has been made. */
export interface Measured {
  title: string
  unit: string
  rounds: number
  reference: string
  figures: Figures[]
}

const usualRounds = 7

/** Measures the peers of a comparison, in turns, so that a busy moment of the machine meets all of them. */
export async function measure({ title, unit, peers, reference, rounds = usualRounds }: Comparison): Promise<Measured> {
  const turns = new Map<string, Turn[]>(Object.keys(peers).map((peer) => [peer, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [peer, takeTurn] of Object.entries(peers)) turns.get(peer)?.push(await takeTurn())
  }
  const compared = median(turns.get(reference) ?? [])
  const figures = [...turns].map(([peer, taken]) => ({
    peer,
    median: median(taken),
    least: Math.min(...taken.map(({ figure }) => figure)),
    most: Math.max(...taken.map(({ figure }) => figure)),
    ratio: median(taken) / compared,
    errors: taken.reduce((sum, { errors }) => sum + errors, 0)
  }))
  return { title, unit, rounds, reference, figures }
}

function median(turns: readonly Turn[]): number {
  return turns.map(({ figure }) => figure).toSorted((a, b) => a - b)[Math.floor(turns.length / 2)] ?? Number.NaN
}
