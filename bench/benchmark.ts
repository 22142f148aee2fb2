/** What one turn of a measurement found; requests that failed count beside, never into the figure. */
export interface Turn {
  figure: number
  errors: number
}

/** One question to several peers, who are measured in turns, because machines are noisy. */
export interface Comparison {
  title: string
  unit: string
  /** What is measured, each time anew. */
  peers: Readonly<Record<string, () => Promise<Turn>>>
  /** The peer, or the limit, of which all others are told as a share, or by how much they differ from it. */
  reference: string
  /** A share unless told otherwise. */
  toldAs?: 'share' | 'difference'
  /** How often each is measured; 7 unless told otherwise. */
  rounds?: number
}

/** All sizes, or small ones for a quick look, of which nothing is kept. */
export type Scale = 'full' | 'quick'

/** A benchmark over real servers: they are started once, and ended by `close`. */
export interface Benchmark {
  name: string
  prepare(scale: Scale): Promise<{ comparisons: readonly Comparison[]; close(): Promise<void> }>
}
