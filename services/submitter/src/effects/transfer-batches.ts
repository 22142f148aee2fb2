import { mapLimited } from '@lautta/core/map-limited'

/** A file that is larger goes alone, as a stream. */
export const mostSmallBytes = 4 * 1024 * 1024

// As many as a connection has places for files.
const transfersAtOnce = 2

// The bytes of one batch are in memory; what a lost connection costs is one batch.
const mostBatchBytes = 32 * 1024 * 1024
const mostBatchFiles = 2000

/** Puts small files together that can go through one channel: those with the same key, up to a bound. */
export function gatherBatches<Item extends { usedBytes: number }>(
  items: readonly Item[],
  keyOf: (item: Item) => string
): Item[][] {
  const batches: Item[][] = []
  const open = new Map<string, { batch: Item[]; bytes: number }>()
  for (const item of items) {
    const key = keyOf(item)
    let last = open.get(key)
    if (last === undefined || last.batch.length >= mostBatchFiles || last.bytes + item.usedBytes > mostBatchBytes) {
      last = { batch: [], bytes: 0 }
      open.set(key, last)
      batches.push(last.batch)
    }
    last.batch.push(item)
    last.bytes += item.usedBytes
  }
  return batches
}

/** Those that are small, and those that go alone. */
export function splitBySize<Item extends { usedBytes: number }>(items: readonly Item[]): { small: Item[]; large: Item[] } {
  const isSmall = ({ usedBytes }: Item) => usedBytes <= mostSmallBytes
  return { small: items.filter(isSmall), large: items.filter((item) => !isSmall(item)) }
}

/** Transfers all, two at a time. When one fails no further one is begun, and nothing goes on behind the failure. */
export async function transferAll<Item>(items: readonly Item[], transfer: (item: Item) => Promise<void>): Promise<void> {
  const begun: Promise<void>[] = []
  try {
    await mapLimited(items, transfersAtOnce, (item) => {
      const one = transfer(item)
      begun.push(one)
      return one
    })
  } finally {
    await Promise.allSettled(begun)
  }
}
