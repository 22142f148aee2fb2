import { parseArray } from '../job/task-set.ts'
import type { Complaint } from '../orchestration/complaints.ts'
import { type AskedOption, type AskedOptions, placeOf } from './asked-option.ts'
import {
  type GpuCount,
  type NodeGres,
  readCount,
  readGpus,
  readGres,
  readHostCount,
  readMemoryGib,
  readNodeCounts,
  readTimeLimit
} from './read-quantities.ts'

/** How much a job asks for, as far as that costs; null was not asked for. */
export interface AskedAmounts {
  /** Empty: the default one. */
  partitions: readonly string[]
  nodes: { least: number; most: number } | null
  tasks: number | null
  tasksPerNode: number | null
  tasksPerGpu: number | null
  coresPerTask: number | null
  coresPerGpu: number | null
  coresPerNode: number | null
  /** In GiB; 0 of a node is all that it has. */
  memory: { of: 'node' | 'core' | 'gpu'; gib: number } | null
  gpusOfJob: GpuCount | null
  gpusPerNode: GpuCount | null
  gpusPerTask: GpuCount | null
  gres: NodeGres | null
  /** One thread of each core only, perhaps. */
  isSingleThreaded: boolean
  /** Whole nodes, whatever is asked of each. */
  isExclusive: boolean
  seconds: number | 'unlimited' | null
  /** Null: it is no array. */
  arrayTasks: number | null
  /** Options by which more is reserved than can be told here. */
  uncounted: readonly string[]
}

// As long as an array may be in an order.
const longestValue = 10_000
const longestTold = 200
const mostPartitions = 100

const aNumber = 'write a number from 1 on'
const aSize = 'write whole megabytes, or a size such as 10G'
const someGpus = 'write a number of GPUs, or type and number, such as a100:2'

/** Reads the amounts; what can't be read is complained of by its place. */
export function readAskedAmounts({ options, complaints: before }: AskedOptions): {
  amounts: AskedAmounts
  complaints: Complaint[]
} {
  const complaints = [...before]
  const read = <Value>(name: string, parse: (text: string) => Value | null, form: string): Value | null => {
    const option = options.get(name)
    if (option === undefined) return null
    const text = option.value === true ? '' : String(option.value).trim()
    const value = option.value === true || text.length > longestValue ? null : parse(text)
    if (value === null) complaints.push({ path: option.path, message: complain(name, option, form) })
    return value
  }
  const count = (name: string) => read(name, readCount, aNumber)
  const gpus = (name: string) => read(name, readGpus, someGpus)
  const partitions = read('partition', readPartitions, 'name a partition, or a,b')
  const nodes = read('nodes', readNodeCounts, 'write a number, or a range like 2-4')
  const amounts = {
    partitions: partitions ?? [],
    nodes: withNamed(nodes, read('nodelist', readHostCount, 'name nodes, such as n1,n[2-5]')),
    tasks: count('ntasks'),
    tasksPerNode: count('ntasks-per-node'),
    tasksPerGpu: count('ntasks-per-gpu'),
    coresPerTask: count('cpus-per-task'),
    coresPerGpu: count('cpus-per-gpu'),
    coresPerNode: count('mincpus'),
    memory: readMemory((name) => read(name, readMemoryGib, aSize)),
    gpusOfJob: gpus('gpus'),
    gpusPerNode: gpus('gpus-per-node'),
    gpusPerTask: gpus('gpus-per-task'),
    gres: read('gres', readGres, 'write names and numbers, such as gpu:a100:2,nvme:100'),
    isSingleThreaded: ['threads-per-core', 'hint', 'ntasks-per-core', 'extra-node-info'].some((name) => options.has(name)),
    isExclusive: isExclusive(options),
    seconds: read('time', readTimeLimit, 'write minutes, hours:minutes:seconds or days-hours:minutes:seconds'),
    arrayTasks: read(
      'array',
      (text) => parseArray(text)?.tasks.length ?? null,
      'write tasks such as 0-15, 4,7 or 1-9:2, with %5'
    ),
    uncounted: ['gpus-per-socket', 'tres-per-task', 'nodefile'].filter((name) => options.has(name)).map((name) => `--${name}`)
  }
  return { amounts, complaints }
}

/** Each is estimated by itself. */
function readPartitions(text: string): string[] | null {
  const names = new Set(text.split(',').filter((name) => name !== ''))
  return names.size > mostPartitions ? null : [...names]
}

/** All nodes that are named are reserved. */
function withNamed(nodes: AskedAmounts['nodes'], named: number | null): AskedAmounts['nodes'] {
  if (named === null) return nodes
  return { least: Math.max(nodes?.least ?? 1, named), most: Math.max(nodes?.most ?? 1, named) }
}

/** sbatch takes one of the three only. */
function readMemory(read: (name: string) => number | null): AskedAmounts['memory'] {
  const [ofNode, ofCore, ofGpu] = [read('mem'), read('mem-per-cpu'), read('mem-per-gpu')]
  if (ofNode !== null) return { of: 'node', gib: ofNode }
  if (ofCore !== null) return { of: 'core', gib: ofCore }
  return ofGpu === null ? null : { of: 'gpu', gib: ofGpu }
}

/** Cores that are kept for the system make a job exclusive; with =user or =mcs it shares its nodes after all. */
function isExclusive(options: AskedOptions['options']): boolean {
  const value = options.get('exclusive')?.value
  return options.has('core-spec') || options.has('thread-spec') || (value !== undefined && value !== 'user' && value !== 'mcs')
}

function complain(name: string, option: AskedOption, form: string): string {
  const written = option.value === true ? `--${name} has no value` : `--${name}=${shorten(String(option.value))} can't be read`
  return `${placeOf(option)}${written}: ${form}`
}

function shorten(text: string): string {
  return text.length > longestTold ? `${text.slice(0, longestTold)} …` : text
}
