import { parseSlurmBytes } from '../accounting/slurm-size.ts'
import { parseTimeLimit } from '../accounting/slurm-time.ts'
import { readDirectives } from '../batch-script.ts'
import { parseArray } from '../job/task-set.ts'

type Options = Readonly<Record<string, string | number | true>>

/** What a job asks of its scheduler, as far as that has limits; null was not asked for, or can't be read. */
export interface AskedResources {
  /** Empty: the default one. */
  partitions: readonly string[]
  account: string | null
  /** `text` is in the user's own words, as in the others. */
  time: { text: string; seconds: number } | null
  nodes: { text: string; least: number; most: number } | null
  memoryPerNode: { text: string; bytes: number } | null
  array: { text: string; tasks: number; highestIndex: number } | null
}

/** A batch script, with what is asked for over its directives. */
interface AskedSubmission {
  script: string
  options: Options
  array?: string | null
}

/** Reads what a submission asks for. */
export function readAskedResources({ script, options, array }: AskedSubmission): AskedResources {
  const all: Options = { ...readDirectives(script), ...options }
  const textOf = (name: string): string | null => {
    const value = all[name]
    return value === undefined || value === true ? null : String(value)
  }
  return {
    partitions: textOf('partition')?.split(',') ?? [],
    account: textOf('account'),
    time: readTime(textOf('time')),
    nodes: readNodes(textOf('nodes')),
    memoryPerNode: readMemory(textOf('mem')),
    array: readArray(array ?? textOf('array'))
  }
}

/** Whether anything was asked for that a limit could forbid. */
export function asksForLimited({ partitions, time, nodes, memoryPerNode, array }: AskedResources): boolean {
  return partitions.length > 0 || time !== null || nodes !== null || memoryPerNode !== null || array !== null
}

function readTime(text: string | null): AskedResources['time'] {
  const seconds = text === null ? null : parseTimeLimit(text)
  return text === null || seconds === null ? null : { text, seconds }
}

/** `4` or `2-4`; newer forms (`2,4`, `2-8:2`) are left to SLURM. */
function readNodes(text: string | null): AskedResources['nodes'] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text?.trim() ?? '')
  if (text === null || match === null) return null
  return { text, least: Number(match[1]), most: Number(match[2] ?? match[1]) }
}

/** Megabytes without a unit. */
function readMemory(text: string | null): AskedResources['memoryPerNode'] {
  const bytes = text === null ? null : parseSlurmBytes(/^\d+$/.test(text) ? `${text}M` : text)
  return text === null || bytes === null ? null : { text, bytes }
}

function readArray(text: string | null): AskedResources['array'] {
  const tasks = text === null ? undefined : parseArray(text)?.tasks
  return text === null || tasks === undefined ? null : { text, tasks: tasks.length, highestIndex: tasks.at(-1) ?? 0 }
}
