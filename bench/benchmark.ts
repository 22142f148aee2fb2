/** Something that is measured beside what it is compared with, in one run, because machines are noisy. */
export interface Benchmark {
  name: string
  unit: string
  /** What is measured, each time anew; the first is ours. */
  peers: Readonly<Record<string, () => Promise<number>>>
}
