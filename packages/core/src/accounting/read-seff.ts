import { parseSlurmDuration } from './slurm-time.ts'
import type { Usage } from './usage.ts'

/** What seff prints of one job; null is what it does not say. */
export interface SeffReport
  extends Pick<
    Usage,
    | ('state' | 'nodes' | 'coresPerNode' | 'cpuUtilizedSeconds' | 'coreWalltimeSeconds' | 'cpuEfficiencyPercent')
    | ('wallClockSeconds' | 'memoryUtilizedBytes' | 'memoryAllocatedBytes' | 'memoryEfficiencyPercent' | 'billedProject')
  > {
  jobId: string | null
  /** Of an array, seff tells of one task. */
  arrayTask: number | null
  /** Where CSC's prints its billing units. */
  billed: { units: number; of: 'cpu-bu' | 'gpu-bu' | null } | null
}

/** Reads what seff prints, in each form in which it is met; null where it does not know the job, or is something else. */
export function readSeff(print: string): SeffReport | null {
  const lines = print.split('\n').map((line) => line.trim())
  const of = (label: string): string | null => {
    const line = lines.find((one) => one.startsWith(`${label}:`))
    return line === undefined ? null : line.slice(label.length + 1).trim()
  }
  const state = /^\S+/.exec(of('State') ?? '')?.[0] ?? null
  if (state === null || of('CPU Utilized') === null) return null
  const [, arrayTask] = /^\d+_(\d+)$/.exec(of('Array Job ID') ?? '') ?? []
  const memoryUtilizedBytes = readMemory(of('Memory Utilized'))
  return {
    jobId: /^\d+/.exec(of('Job ID') ?? '')?.[0] ?? null,
    arrayTask: arrayTask === undefined ? null : Number(arrayTask),
    state,
    ...readCores(of),
    cpuUtilizedSeconds: parseSlurmDuration(of('CPU Utilized') ?? ''),
    coreWalltimeSeconds: parseSlurmDuration(/ of (\S+) core-walltime/.exec(of('CPU Efficiency') ?? '')?.[1] ?? ''),
    cpuEfficiencyPercent: readPercent(of('CPU Efficiency')),
    wallClockSeconds: parseSlurmDuration(of('Job Wall-clock time') ?? ''),
    memoryUtilizedBytes,
    memoryAllocatedBytes: readMemory(/ of ([\d.]+ \w+)/.exec(of('Memory Efficiency') ?? '')?.[1] ?? null),
    memoryEfficiencyPercent: memoryUtilizedBytes === null ? null : readPercent(of('Memory Efficiency')),
    billedProject: of('Billed project'),
    billed: readBilled(lines)
  }
}

/** `Nodes: 2` and `Cores per node: 256`, but `Cores: 1` of a job that has only one. */
function readCores(of: (label: string) => string | null): Pick<SeffReport, 'nodes' | 'coresPerNode'> {
  const count = (label: string): number | null => (/^\d+/.test(of(label) ?? '') ? Number.parseInt(of(label) ?? '', 10) : null)
  const alone = count('Cores')
  if (alone !== null) return { nodes: 1, coresPerNode: alone }
  return { nodes: count('Nodes'), coresPerNode: count('Cores per node') }
}

function readPercent(text: string | null): number | null {
  const value = /^([\d.]+)%/.exec(text ?? '')?.[1]
  return value === undefined ? null : Number(value)
}

const powers = ['KB', 'MB', 'GB', 'TB', 'PB', 'EB']

/** `76.45 GB (estimated maximum)`; 0 is told of what was not looked at, because nothing runs without memory. */
function readMemory(text: string | null): number | null {
  const [, value, unit = ''] = /^([\d.]+) ([KMGTPE]B)\b/.exec(text ?? '') ?? []
  return Number(value ?? 0) === 0 ? null : Math.round(Number(value) * 1024 ** (powers.indexOf(unit) + 1))
}

/**
 * `Job consumed 22.72 CSC billing units …`: what the lines below it add up to, or the greatest of them, as the platform
 * bills. Which kind of unit it is these lines say, or nobody (`Non-Interactive BUs`).
 */
function readBilled(lines: readonly string[]): SeffReport['billed'] {
  const units = lines.flatMap((line) => /^Job consumed ([\d.]+) /.exec(line)?.[1] ?? [])[0]
  if (units === undefined) return null
  const says = (unit: string): boolean => lines.some((line) => line.includes(unit))
  return { units: Number(units), of: says('GPU BU') ? 'gpu-bu' : says('CPU BU') ? 'cpu-bu' : null }
}
