import type { Benchmark, Comparison, Scale } from '../benchmark.ts'
import { type FileSet, openStage } from './stage.ts'

const [kibibyte, mebibyte] = [1024, 1024 ** 2]
const sets: Readonly<Record<Scale, readonly FileSet[]>> = {
  full: [
    { title: '1 GiB', count: 1, bytes: 1024 * mebibyte },
    { title: '1,000 × 1 MiB', count: 1000, bytes: mebibyte },
    { title: '10,000 × 10 KiB', count: 10_000, bytes: 10 * kibibyte }
  ],
  quick: [
    { title: '64 MiB', count: 1, bytes: 64 * mebibyte },
    { title: '50 × 1 MiB', count: 50, bytes: mebibyte },
    { title: '500 × 10 KiB', count: 500, bytes: 10 * kibibyte }
  ]
}

/**
 * Files to a stock sshd of this machine and back, beside scp, sftp and rsync: each over a connection that is open, with
 * the same cipher, from and to memory on our side, and with an SHA-1 of every file on both sides within the time.
 */
export const files: Benchmark = {
  name: 'files',
  async prepare(scale) {
    const stage = await openStage()
    const comparisons: Comparison[] = []
    for (const set of sets[scale]) {
      const peersOf = await stage.lay(set)
      for (const verb of ['send', 'get'] as const) {
        comparisons.push({ title: `${verb} ${set.title}`, unit: 'MB/s', reference: 'rsync', rounds: 5, peers: peersOf(verb) })
      }
    }
    return { comparisons, close: stage.close }
  }
}
