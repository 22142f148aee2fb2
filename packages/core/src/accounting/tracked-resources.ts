import { parseSlurmBytes } from './slurm-size.ts'

/** What SLURM gave a job, as far as AllocTRES tells; null is what it does not tell. */
export interface TrackedResources {
  cpus: number | null
  nodes: number | null
  memoryBytes: number | null
  /** Whole GPUs, in all nodes together. */
  gpus: number
  /** Parts of a GPU that SLURM gives away like one (NVIDIA's MIG). */
  gpuSlices: number
  /** Of the nodes' own disks. */
  storageGib: number
}

/** Whether a type of GPU is a part of one, as `a100_1g.5gb`: so many sevenths of an A100, with so much of its memory. */
export const isGpuSlice = (type: string): boolean => /\d+g\.\d+gb/i.test(type)

/** Reads `billing=8,cpu=8,gres/gpu:a100=2,gres/gpu=2,mem=16G,node=1`; null for an empty one. */
export function readTrackedResources(text: string | null): TrackedResources | null {
  const counts = readTres(text)
  if (counts.size === 0) return null
  const countOf = (name: string): number | null => parseSlurmBytes(counts.get(name) ?? '')
  const typed = [...counts.keys()].filter((name) => name.startsWith('gres/gpu:'))
  const sumOf = (names: readonly string[]): number => names.reduce((sum, name) => sum + (countOf(name) ?? 0), 0)
  const gpuSlices = sumOf(typed.filter(isGpuSlice))
  // SLURM tells the GPUs of all types beside those of each, where the cluster keeps account of both.
  const devices = countOf('gres/gpu') ?? sumOf(typed)
  return {
    cpus: countOf('cpu'),
    nodes: countOf('node'),
    memoryBytes: readMegabytes(counts.get('mem')),
    gpus: Math.max(0, devices - gpuSlices),
    gpuSlices,
    storageGib: readGigabytes(counts.get('gres/nvme'))
  }
}

/** The share of GPUs that a step's processes were seen to use, in per cent of one GPU; null where nobody looked. */
export function readGpuUse(tresUsage: string): number | null {
  return parseSlurmBytes(readTres(tresUsage).get('gres/gpuutil') ?? '')
}

function readTres(text: string | null): ReadonlyMap<string, string> {
  const parts = (text ?? '').split(',').map((part) => part.split('='))
  return new Map(parts.flatMap(([name = '', value]) => (value === undefined ? [] : [[name.trim(), value] as const])))
}

/** Memory is counted in megabytes where it has no unit. */
function readMegabytes(text = ''): number | null {
  const bytes = parseSlurmBytes(text)
  return bytes !== null && /^[\d.]+$/.test(text) ? bytes * 1024 ** 2 : bytes
}

/** What is asked for as `--gres=nvme:100` are gigabytes. */
function readGigabytes(text = ''): number {
  const amount = parseSlurmBytes(text) ?? 0
  return /^[\d.]+$/.test(text) ? amount : amount / 1024 ** 3
}
