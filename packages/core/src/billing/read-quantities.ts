import { parseTimeLimit } from '../accounting/slurm-time.ts'
import { isGpuSlice } from '../accounting/tracked-resources.ts'

/** GPUs and slices of GPUs. */
export interface GpuCount {
  gpus: number
  slices: number
}

/** What `--gres` asks for on each node. */
export interface NodeGres extends GpuCount {
  storageGib: number
  /** Others, which cost nothing that is known. */
  others: string[]
}

/** A number from 1 on. */
export function readCount(text: string): number | null {
  return /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : null
}

/** `4`, `2-4`, `1k`; and newer forms, `2,4,8` and `2-8:2`. */
export function readNodeCounts(text: string): { least: number; most: number } | null {
  const counts: number[] = []
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d{1,9}[km]?)(?:-(\d{1,9}[km]?)(?::\d+)?)?$/i.exec(part) ?? []
    if (first === undefined || last === undefined) return null
    counts.push(withSuffix(first), withSuffix(last))
  }
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  return least > 0 ? { least, most } : null
}

/** How many nodes `n1,n[02-05,7]-ib` names; null for a file of names, and for what can't be read. */
export function readHostCount(text: string): number | null {
  if (!/^(?:[\w.,-]|\[[\d,-]+\])+$/.test(text)) return null
  const names = text.match(/(?:[^,[]|\[[^\]]*\])+/g) ?? []
  const counts = names.map((name) =>
    [...name.matchAll(/\[([^\]]*)\]/g)].reduce((all, [, list = '']) => all * countNumbers(list), 1)
  )
  const sum = counts.reduce((all, one) => all + one, 0)
  return sum > 0 && sum < mostHosts ? sum : null
}

const mostHosts = 1_000_000

/** How many numbers `02-05,7` is. */
function countNumbers(list: string): number {
  const counts = list.split(',').map((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? []
    return Number(last) - Number(first) + 1
  })
  return counts.every((count) => count > 0) ? counts.reduce((sum, count) => sum + count, 0) : Number.NaN
}

const binary = ['', 'k', 'm', 'g', 't', 'p']

/** `2k` is 2048. */
function withSuffix(text: string): number {
  const [, digits = '0', suffix = ''] = /^(\d+)([a-z]?)$/i.exec(text) ?? []
  return Number(digits) * 1024 ** binary.indexOf(suffix.toLowerCase())
}

/** Whole megabytes, or with K, M, G or T, in GiB; 0 is all that there is. */
export function readMemoryGib(text: string): number | null {
  const [, digits, unit = 'M'] = /^(\d{1,12})(?:([KMGT])B?)?$/i.exec(text) ?? []
  return digits === undefined ? null : withSuffix(digits + unit) / 1024 ** 3
}

/** The time limit as SLURM keeps it, in whole minutes; or that there is none but the partition's. */
export function readTimeLimit(text: string): number | 'unlimited' | null {
  if (/^(unlimited|infinite|-1|0)$/i.test(text.trim())) return 'unlimited'
  // A number that is too large for SLURM is none for us.
  const seconds = /\d{10}/.test(text) ? null : parseTimeLimit(text)
  return seconds === null ? null : Math.ceil(seconds / 60) * 60
}

/** `2`, `a100:2`, `a100:2,v100:1`, with `a100_1g.5gb` for slices. */
export function readGpus(text: string): GpuCount | null {
  const counts = text.split(',').map((part) => readResource(`gpu:${part}`))
  return counts.includes(null) ? null : sumGpus(counts.filter((one) => one !== null))
}

/** `gpu:a100:2,nvme:100`: GiB of a local disk, and others by their names. */
export function readGres(text: string): NodeGres | null {
  if (/^none$/i.test(text)) return { gpus: 0, slices: 0, storageGib: 0, others: [] }
  const found = text.split(',').map(readResource)
  if (found.includes(null)) return null
  const all = found.filter((one) => one !== null)
  const storage = all.filter(({ name }) => name === 'nvme')
  return {
    ...sumGpus(all),
    storageGib: storage.reduce((sum, { count }) => sum + count, 0),
    others: all.flatMap(({ name }) => (name === 'gpu' || name === 'nvme' ? [] : [name]))
  }
}

interface CountedResource {
  name: string
  type: string
  count: number
}

/** `name[:type][:count]`; newer ones also write `gres/name` and `name=count`. What is not counted is one. */
function readResource(text: string): CountedResource | null {
  const [, name = '', type = '', count] =
    /^(?:gres[/:])?([\w.-]+?)(?::((?=[\d.-]*[A-Za-z_])[\w.-]+))?(?:[:=](\d{1,9}[kmgtp]?))?$/i.exec(text) ?? []
  if (name === '') return null
  // `nvme:100G` is a count with its unit, and no type.
  if (count === undefined && /^\d+[kmgtp]$/i.test(type)) return { name, type: '', count: withSuffix(type) }
  return { name, type, count: count === undefined ? 1 : withSuffix(count) }
}

function sumGpus(resources: readonly CountedResource[]): GpuCount {
  const sum = (isCounted: (type: string) => boolean) =>
    resources.reduce((all, { name, type, count }) => (name === 'gpu' && isCounted(type) ? all + count : all), 0)
  return { gpus: sum((type) => !isGpuSlice(type)), slices: sum(isGpuSlice) }
}
