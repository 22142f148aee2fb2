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
  /** Whether nodes are what is billed. */
  countsNodes: boolean
  /** How many of SLURM's CPUs are billed as one core. */
  threadsPerCpu: number
}

/** Reserves what SLURM does at most: all nodes of a range, all that whole nodes have, the partition's limit for a time that is not given. */
export function reserveAmounts(asked: AskedAmounts, { partition, countsNodes, threadsPerCpu }: Place): Reservation {
  const assumed: string[] = []
  const warnings: string[] = []
  const isAlone = asked.isExclusive || partition?.['whole-nodes'] === true
  const isWhole = isAlone || countsNodes
  const { nodes, tasks } = placeTasks(asked, partition, isWhole, assumed)
  const gpus = countGpus(asked, { nodes, tasks })
  const ownCores = Math.max(
    tasks * (asked.coresPerTask ?? 1),
    nodes,
    (asked.coresPerGpu ?? 0) * (gpus.gpus + gpus.slices),
    (asked.coresPerNode ?? 0) * nodes
  )
  const ownMemory = memoryOf(asked, partition, { nodes, cores: ownCores, gpus: gpus.gpus + gpus.slices })
  const broughtCores = coresForMemory(asked, ownMemory, partition, { nodes, cores: ownCores })
  if (broughtCores > ownCores)
    warnings.push(`its memory is more than ${ownCores} cores bring: ${broughtCores} are reserved for it`)
  const threads = Math.max(partition?.['threads-per-core'] ?? 1, threadsPerCpu)
  const askedCores = givenCores(Math.max(ownCores, broughtCores), nodes, { asked, threads, threadsPerCpu })
  const nodeCores = partition?.['cores-per-node'] ?? null
  const wholeCores = nodeCores === null ? null : (nodes * nodeCores * threads) / threadsPerCpu
  const cores = !isWhole ? askedCores : wholeCores === null ? null : Math.max(askedCores, wholeCores)
  if (asked.isExclusive) warnings.push('--exclusive reserves whole nodes: all their cores and GPUs, used or not')
  // By core it is given for each thread that is.
  const memoryCores = asked.memory?.of === 'core' ? Math.max(1, askedCores / Math.max(ownCores, broughtCores)) : 1
  const memory =
    asked.memory === null ? defaultMemory(partition, { nodes, cores }, assumed) : ownMemory && ownMemory * memoryCores
  return {
    reserved: {
      nodes,
      cores,
      'memory-gib': memory,
      gpus: isAlone ? wholeGpus(gpus.gpus, nodes, partition) : gpus.gpus,
      'gpu-slices': gpus.slices,
      'storage-gib': (asked.gres?.storageGib ?? 0) * nodes
    },
    hours: hoursOf(asked, partition, assumed),
    assumed,
    warnings
  }
}

/** What SLURM gives of so many CPUs: whole cores, and when it may be one thread of each only, a core for each CPU. */
function givenCores(
  cpus: number,
  nodes: number,
  { asked, threads, threadsPerCpu }: { asked: AskedAmounts; threads: number; threadsPerCpu: number }
): number {
  // Where cores are billed, what is asked for is cores.
  if (asked.isSingleThreaded || threadsPerCpu > 1) return (cpus * threads) / threadsPerCpu
  return Math.ceil((cpus + (nodes - 1) * (threads - 1)) / threads) * threads
}

/** On how many nodes it may be, with how many tasks: `--nodes` counts at its most. */
function placeTasks(
  asked: AskedAmounts,
  partition: Partition | null,
  isWhole: boolean,
  assumed: string[]
): { nodes: number; tasks: number } {
  const { nodes, tasksPerNode } = asked
  const tasks = asked.tasks ?? tasksOfGpus(asked)
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
    Math.max(asked.gpusOfJob?.gpus ?? 0, (asked.gpusPerTask?.gpus ?? 0) * all) /
      (partition?.['gpus-per-node'] || Number.POSITIVE_INFINITY)
  ]
  const least = Math.max(1, partition?.['min-nodes'] ?? 1, ...shares.map((share) => Math.ceil(share)))
  const most = isWhole || tasks === null ? least : Math.max(least, spreadNodes(asked, tasks, partition))
  const few = least === 1 ? 'one node' : `${least} nodes, as few as it fits on`
  assumed.push(`${most > least ? `${most} nodes, as its tasks may be spread` : few}: --nodes is not asked for`)
  return { nodes: most, tasks: tasksPerNode === null ? all : Math.max(all, tasksPerNode * least) }
}

/** With --gpus a number of tasks for each GPU, or of GPUs for each task, says how many tasks there are. */
function tasksOfGpus({ nodes, tasksPerGpu, gpusPerTask, ...asked }: AskedAmounts): number | null {
  const sum = ({ gpus, slices }: GpuCount) => gpus + slices
  const all = sum(countGpus({ ...asked, gpusPerTask: null }, { nodes: nodes?.most ?? 1, tasks: 0 }))
  const ofGpu = tasksPerGpu ?? (gpusPerTask === null ? 0 : 1 / sum(gpusPerTask))
  return Math.ceil(all * ofGpu) || null
}

/** On how many nodes tasks may come to be, where each node has an amount of its own; 1 where nobody knows how many there are. */
function spreadNodes(asked: AskedAmounts, tasks: number, partition: Partition | null): number {
  const { memory, gres, gpusPerNode, coresPerNode } = asked
  const hasDefault = memory === null && partition?.['default-memory-per-node-bytes'] != null
  const isByNode = memory?.of === 'node' || hasDefault || gres !== null || gpusPerNode !== null || coresPerNode !== null
  const nodes = [partition?.['max-nodes'], partition?.nodes].filter((most) => most != null)
  return isByNode && nodes.length > 0 ? Math.min(tasks, ...nodes) : 1
}

/** The largest of what the several options ask for. */
function countGpus(
  asked: Pick<AskedAmounts, 'gpusOfJob' | 'gpusPerNode' | 'gpusPerTask' | 'gres'>,
  { nodes, tasks }: { nodes: number; tasks: number }
): GpuCount {
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

/** More memory than a core brings is paid for in cores: of each core, of each node, or in all. */
function coresForMemory(
  { memory }: AskedAmounts,
  gib: number | null,
  partition: Partition | null,
  { nodes, cores }: { nodes: number; cores: number }
): number {
  const perCore = partition?.['memory-per-core-bytes'] ?? null
  if (perCore === null || gib === null) return 0
  const parts = { core: cores, node: nodes, gpu: 1 }[memory?.of ?? 'gpu']
  return parts * Math.ceil((gib * bytesPerGib) / perCore / parts)
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
