import type { Partition } from '../platform/partition.ts'
import type { Reservation } from './reserve-amounts.ts'

const bytesPerGib = 1024 ** 3

/** What a job reserves beyond the limits of a partition that SLURM itself does not tell. */
export function complainOfPartitionLimits(partition: Partition, reserved: Reservation['reserved']): string[] {
  const { name } = partition
  const memory = partition['max-memory-bytes']
  const nodes = reserved.nodes ?? 1
  const gpusPerNode = partition['gpus-per-node']
  const limits: [words: string, found: number | null, most: number | null][] = [
    ['cores', reserved.cores, partition['max-cores']],
    ['cores', reserved.cores, partition['cores-per-node'] && partition['cores-per-node'] * nodes],
    ['GiB of memory', reserved['memory-gib'], memory && memory / bytesPerGib],
    ['GPUs', reserved.gpus, partition['max-gpus']],
    ['GPUs', reserved.gpus, gpusPerNode === null ? null : gpusPerNode * nodes]
  ]
  const words = limits.flatMap(([what, found, most]) =>
    found !== null && most !== null && found > most
      ? [`${found} ${what} are too many: partition ${name} gives this job at most ${most}`]
      : []
  )
  return [...new Set(words)]
}
