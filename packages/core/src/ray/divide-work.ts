import { compareItems, type ResourceWeights, type WorkItem } from './work-items.ts'

/** What a Ray cluster has: cores, bytes of memory, GPUs. */
type ClusterResources = Readonly<ResourceWeights>

const kinds = ['CPU', 'RAM', 'GPU'] as const

/** The resources of a cluster's living nodes together, from Ray's names to ours. */
export function resourcesOfCluster(
  nodes: readonly { isAlive: boolean; resources: Readonly<Record<string, number>> }[]
): ClusterResources {
  const sumOf = (name: string): number =>
    nodes.reduce((sum, { isAlive, resources }) => sum + (isAlive ? (resources[name] ?? 0) : 0), 0)
  return { CPU: sumOf('CPU'), RAM: sumOf('memory'), GPU: sumOf('GPU') }
}

/**
 * The share of each cluster, all together 1: each resource as a part of the most that one cluster has of it, times how
 * much it counts. A resource that no cluster has counts nothing (by the formula alone 0 would be divided by 0); where
 * nothing counts the shares are equal.
 */
export function weighClusters(
  clusters: ReadonlyMap<string, ClusterResources>,
  weights: ResourceWeights
): ReadonlyMap<string, number> {
  const most = (kind: (typeof kinds)[number]): number => Math.max(...[...clusters.values()].map((one) => one[kind]))
  const counting = kinds.flatMap((kind) => (most(kind) > 0 ? [{ kind, most: most(kind) }] : []))
  const scores = [...clusters].map(([name, has]) => ({
    name,
    score: counting.reduce((sum, one) => sum + (has[one.kind] / one.most) * weights[one.kind], 0)
  }))
  const total = scores.reduce((sum, { score }) => sum + score, 0)
  return new Map(scores.map(({ name, score }) => [name, total > 0 ? score / total : 1 / scores.length]))
}

/**
 * Gives one item after the other to the cluster that has the least for its share; of equal ones, to the first. So each
 * gets its share and one item at most. A cluster without a share gets nothing (the formula alone would divide by 0).
 */
export function divideItems<Item extends WorkItem>(
  items: readonly Item[],
  shares: ReadonlyMap<string, number>
): ReadonlyMap<string, readonly Item[]> {
  const parts = [...shares].map(([name, share]) => ({ name, share, load: 0, items: [] as Item[] }))
  const working = parts.filter(({ share }) => share > 0)
  for (const item of items.toSorted(compareItems)) {
    const part = working.reduce((least, one) => (one.load / one.share < least.load / least.share ? one : least))
    part.items.push(item)
    part.load += item.weight
  }
  return new Map(parts.map((part) => [part.name, part.items]))
}
