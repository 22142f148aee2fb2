/** What one turn of a measurement found; requests that failed count beside, never into the figure. */
export interface Turn {
  figure: number
  errors: number
}

/** One question to several peers, who are measured in turns, because machines are noisy. */
export interface Comparison {
  title: string
  unit: 'objects/s' | 'MB/s' | 'MiB' | 's'
  /** What is measured, each time anew. */
  peers: Readonly<Record<string, () => Promise<Turn>>>
  /** The peer, or the limit, of which all others are told as a share. */
  reference: string
  /** How often each is measured; 7 unless told otherwise. */
  rounds?: number
}

/** A benchmark over real servers: they are started once, and ended by `close`. */
export interface Benchmark {
  name: string
  prepare(): Promise<{ comparisons: readonly Comparison[]; close(): Promise<void> }>
}
