import { formatSlurmDuration } from '../accounting/slurm-time.ts'
import type { AskedResources } from './asked-resources.ts'
import type { Limits } from './limits.ts'
import type { Partition } from './partition.ts'

/** Why a job would not be taken, and what would be. */
export interface LimitComplaint {
  message: string
  hint: string
}

/** Compares what a job asks for with the limits; null when nothing speaks against it. */
export function judgeRequest(asked: AskedResources, limits: Limits): LimitComplaint | null {
  const { partitions } = limits
  const named = asked.partitions.map((name) => partitions.find((one) => one.name === name))
  // Of a platform that tells no partitions, none is known to be wrong.
  if (partitions.length > 0 && named.includes(undefined)) return complainOfNames(asked.partitions, partitions)
  const wanted = named.length > 0 ? named.filter((one) => one !== undefined) : partitions.filter((one) => one['is-default'])
  const messages = wanted.map((one) => findExcess(one, asked, limits))
  // One of several partitions is enough to run in.
  if (messages.includes(null)) return null
  const message = messages[0] ?? complainOfIndex(asked, limits)
  return message === null ? null : { message, hint: hintAtOthers(asked, limits) }
}

function complainOfNames(names: readonly string[], partitions: readonly Partition[]): LimitComplaint {
  const wrong = names.filter((name) => !partitions.some((one) => one.name === name))
  return {
    message: `there is no partition ${wrong.join(', ')} on this platform`,
    hint: `its partitions are ${partitions.map(({ name }) => name).join(', ')}`
  }
}

function hintAtOthers(asked: AskedResources, limits: Limits): string {
  const others = limits.partitions.filter((one) => (one.state ?? 'UP') === 'UP' && findExcess(one, asked, limits) === null)
  if (others.length > 0) return `it would fit into ${others.map(({ name }) => name).join(', ')}`
  return 'it fits into no partition of this platform: ask for less, or for several jobs'
}

/** What is asked for beyond the limits that hold in a partition; null when it fits in. */
function findExcess(partition: Partition, asked: AskedResources, limits: Limits): string | null {
  return (
    complainOfIndex(asked, limits) ??
    complainOfTime(partition, asked) ??
    complainOfNodes(partition, asked) ??
    complainOfMemory(partition, asked) ??
    complainOfTasks(partition, asked, limits)
  )
}

function complainOfIndex({ array }: AskedResources, { maxArraySize }: Limits): string | null {
  if (array === null || maxArraySize === null || array.highestIndex < maxArraySize) return null
  return `--array=${array.text} is too large: ${maxArraySize - 1} is the highest index on this platform`
}

function complainOfTime({ name, 'time-limit-seconds': limit }: Partition, { time }: AskedResources): string | null {
  if (time === null || limit === null || time.seconds <= limit) return null
  return `--time=${time.text} is too long: partition ${name} allows ${formatSlurmDuration(limit)}`
}

function complainOfNodes(partition: Partition, { nodes }: AskedResources): string | null {
  if (nodes === null) return null
  const { name, nodes: all, 'min-nodes': least, 'max-nodes': most } = partition
  const limit = Math.min(all ?? Number.POSITIVE_INFINITY, most ?? Number.POSITIVE_INFINITY)
  if (nodes.least > limit) return `--nodes=${nodes.text} is too many: partition ${name} gives a job at most ${limit}`
  if (nodes.most < (least ?? 0)) return `--nodes=${nodes.text} is too few: partition ${name} takes jobs of ${least} and more`
  return null
}

function complainOfMemory(partition: Partition, { memoryPerNode }: AskedResources): string | null {
  const { name, 'memory-per-node-bytes': limit } = partition
  if (memoryPerNode === null || limit === null || memoryPerNode.bytes <= limit) return null
  return `--mem=${memoryPerNode.text} is too much: a node of partition ${name} has at most ${Math.floor(limit / 1024 ** 2)}M`
}

/** Each task counts as a job: an array of more tasks than jobs may be submitted would wait for ever. */
function complainOfTasks(partition: Partition, { array, account }: AskedResources, { associations }: Limits): string | null {
  if (array === null) return null
  const own = associations
    .filter((one) => (account ?? one.account) === one.account && (one.partition ?? partition.name) === partition.name)
    .map(({ mostSubmitted }) => mostSubmitted ?? Number.POSITIVE_INFINITY)
  const ofUser = own.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...own)
  const limit = Math.min(partition['max-jobs-submitted'] ?? Number.POSITIVE_INFINITY, ofUser)
  if (array.tasks <= limit) return null
  return `--array=${array.text} has ${array.tasks} tasks: partition ${partition.name} takes at most ${limit} jobs of yours at once`
}
