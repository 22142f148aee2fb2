import type { Partition } from '../platform/partition.ts'
import type { AskedAmounts } from './asked-amounts.ts'
import type { ReservedResources } from './billing-formula.ts'
import type { GpuCount } from './read-quantities.ts'

const bytesPerGib = 1024 ** 3

/** What one job, or one task of an array, reserves at most in a partition; null is what nobody here knows. */
export interface Reservation {
  reserved: { [Resource in keyof Required<ReservedResources>]: number | null }
  /** At the time limit. */
  hours: number | null
  /** What was not asked for, and what it was taken to be. */
  assumed: string[]
  warnings: string[]
}

/** What is known of where a job would run; nothing is needed. */
interface Place {
  partition: Partition | null
  /** Whether a job there has its nodes to itself. */
  hasWholeNodes: boolean
}

/** Reserves what SLURM does at most: all nodes of a range, all that whole nodes have, the partition's limit for a time that is not given. */
export function reserveAmounts(asked: AskedAmounts, { partition, hasWholeNodes }: Place): Reservation {
  const assumed: string[] = []
  const warnings: string[] = []
  const isWhole = asked.isExclusive || hasWholeNodes
  const { nodes, tasks } = placeTasks(asked, partition, assumed)
  const gpus = countGpus(asked, { nodes, tasks })
  const ownCores = Math.max(
    tasks * (asked.coresPerTask ?? 1),
    nodes,
    (asked.coresPerGpu ?? 0) * (gpus.gpus + gpus.slices),
    (asked.coresPerNode ?? 0) * nodes
  )
  const ownMemory = memoryOf(asked, partition, { nodes, cores: ownCores, gpus: gpus.gpus + gpus.slices })
  const broughtCores = coresForMemory(ownMemory, partition)
  if (broughtCores > ownCores)
    warnings.push(`its memory is more than ${ownCores} cores bring: ${broughtCores} are reserved for it`)
  const askedCores = Math.max(ownCores, broughtCores)
  const nodeCores = partition?.['cores-per-node'] ?? null
  const cores = !isWhole ? askedCores : nodeCores === null ? null : Math.max(askedCores, nodes * nodeCores)
  if (asked.isExclusive) warnings.push('--exclusive reserves whole nodes: all their cores and GPUs, used or not')
  const memory = asked.memory === null ? defaultMemory(partition, { nodes, cores }, assumed) : ownMemory
  return {
    reserved: {
      nodes,
      cores,
      'memory-gib': memory,
      gpus: asked.isExclusive ? wholeGpus(gpus.gpus, nodes, partition) : gpus.gpus,
      'gpu-slices': gpus.slices,
      'storage-gib': (asked.gres?.storageGib ?? 0) * nodes
    },
    hours: hoursOf(asked, partition, assumed),
    assumed,
    warnings
  }
}

/** On how many nodes it may be, with how many tasks: `--nodes` counts at its most, and without it as few as the tasks fit on. */
function placeTasks(asked: AskedAmounts, partition: Partition | null, assumed: string[]): { nodes: number; tasks: number } {
  const { nodes, tasksPerNode, tasksPerGpu } = asked
  const ofGpus = tasksPerGpu === null ? null : tasksPerGpu * countGpus(asked, { nodes: nodes?.most ?? 1, tasks: 0 }).gpus
  const tasks = asked.tasks ?? ofGpus
  if (nodes !== null) {
    // Of 2 tasks none can be on a third node: sbatch then takes fewer.
    const most = tasks !== null && tasks < nodes.least ? tasks : nodes.most
    return { nodes: most, tasks: Math.max(tasks ?? most, (tasksPerNode ?? 1) * most) }
  }
  if (tasks === null && tasksPerNode === null) assumed.push('one task: --ntasks and --nodes are not asked for')
  if (asked.coresPerTask === null) assumed.push('one core for each task: --cpus-per-task is not asked for')
  const all = tasks ?? tasksPerNode ?? 1
  const shares = [
    (all * (asked.coresPerTask ?? 1)) / (partition?.['cores-per-node'] ?? Number.POSITIVE_INFINITY),
    all / (tasksPerNode ?? Number.POSITIVE_INFINITY),
    ((asked.gpusOfJob?.gpus ?? 0) + (asked.gpusPerTask?.gpus ?? 0) * all) /
      (partition?.['gpus-per-node'] || Number.POSITIVE_INFINITY)
  ]
  const least = Math.max(1, partition?.['min-nodes'] ?? 1, ...shares.map((share) => Math.ceil(share)))
  assumed.push(`${least === 1 ? 'one node' : `${least} nodes, as few as it fits on`}: --nodes is not asked for`)
  return { nodes: least, tasks: tasksPerNode === null ? all : Math.max(all, tasksPerNode * least) }
}

/** The largest of what the several options ask for. */
function countGpus(asked: AskedAmounts, { nodes, tasks }: { nodes: number; tasks: number }): GpuCount {
  const { gpusOfJob, gpusPerNode, gpusPerTask, gres } = asked
  const most = (of: (count: GpuCount) => number) => {
    const times = (count: GpuCount | null, number: number) => (count === null ? 0 : of(count) * number)
    return Math.max(times(gpusOfJob, 1), times(gpusPerNode, nodes), times(gpusPerTask, tasks), times(gres, nodes))
  }
  return { gpus: most(({ gpus }) => gpus), slices: most(({ slices }) => slices) }
}

function wholeGpus(gpus: number, nodes: number, partition: Partition | null): number | null {
  const perNode = partition?.['gpus-per-node'] ?? null
  return perNode === null ? null : Math.max(gpus, perNode * nodes)
}

interface Counts {
  nodes: number
  cores: number
  gpus: number
}

/** The memory that is asked for, in GiB; null when that is what a node has, and nobody knows how much that is. */
function memoryOf({ memory }: AskedAmounts, partition: Partition | null, { nodes, cores, gpus }: Counts): number | null {
  if (memory === null) return 0
  const { of, gib } = memory
  if (of === 'core') return gib * cores
  if (of === 'gpu') return gib * gpus
  if (gib > 0) return gib * nodes
  const ofNode = partition?.['memory-per-node-bytes'] ?? null
  return ofNode === null ? null : (ofNode / bytesPerGib) * nodes
}

function coresForMemory(memoryGib: number | null, partition: Partition | null): number {
  const perCore = partition?.['memory-per-core-bytes'] ?? null
  return perCore === null || memoryGib === null ? 0 : Math.ceil((memoryGib * bytesPerGib) / perCore)
}

/** What a job gets that asks for no memory; 0 where that is not known. */
function defaultMemory(
  partition: Partition | null,
  { nodes, cores }: { nodes: number; cores: number | null },
  assumed: string[]
): number {
  const perCore = partition?.['default-memory-per-core-bytes'] ?? null
  const perNode = partition?.['default-memory-per-node-bytes'] ?? null
  if (perCore !== null && cores !== null) {
    assumed.push(`${perCore / 1024 ** 2}M of memory for each core: none is asked for`)
    return (perCore / bytesPerGib) * cores
  }
  if (perNode !== null) {
    assumed.push(`${perNode / 1024 ** 2}M of memory on each node: none is asked for`)
    return (perNode / bytesPerGib) * nodes
  }
  assumed.push('no memory: none is asked for, and what the platform gives by itself is not known')
  return 0
}

function hoursOf({ seconds }: AskedAmounts, partition: Partition | null, assumed: string[]): number | null {
  if (typeof seconds === 'number') return seconds / 3600
  const limit = partition?.['time-limit-seconds'] ?? null
  const byDefault = seconds === null ? (partition?.['default-time-seconds'] ?? limit) : limit
  if (byDefault === null) return null
  const whose = byDefault === limit ? "the partition's limit" : "the partition's default"
  assumed.push(`${byDefault / 3600} hours, ${whose}: ${seconds === null ? 'no --time is asked for' : '--time sets no limit'}`)
  return byDefault / 3600
}
