import type { Allocation } from './workspace.ts'

const partPattern = /(\d{1,15}(?:\.\d{1,15})?)\s*\/\s*(\d{1,15}(?:\.\d{1,15})?)\s*\([^)]{0,40}\)\s*(core|gpu|TB)\/hours/gi

/** Reads `project_1 | 12/100 (12.0%) core/hours | 0/10 (0.0%) gpu/hours | 5/9 (55.6%) TB/hours`; null for other lines. */
export function readAllocation(line: string, date: string | null): Allocation | null {
  const project = /^project_\w+/.exec(line)?.[0]
  const parts = new Map(
    [...line.matchAll(partPattern)].map(([, used, allocated, unit = '']) => [unit.toLowerCase(), [used, allocated]])
  )
  if (project === undefined || parts.size === 0) return null
  const hoursOf = (unit: string): [number | null, number | null] => {
    const [used, allocated] = parts.get(unit) ?? []
    return [used === undefined ? null : Number(used), allocated === undefined ? null : Number(allocated)]
  }
  const [usedCoreHours, allocatedCoreHours] = hoursOf('core')
  const [usedGpuHours, allocatedGpuHours] = hoursOf('gpu')
  const [usedTbHours, allocatedTbHours] = hoursOf('tb')
  return { project, usedCoreHours, allocatedCoreHours, usedGpuHours, allocatedGpuHours, usedTbHours, allocatedTbHours, date }
}

/** The date of the data, where a line tells it: `Data updated: 2026-11-19 15:36:37`. */
export function findDate(line: string): string | null {
  return /^data\b.*?(\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2})?)?)/i.exec(line)?.[1] ?? null
}

// A print that never ends is not followed any further.
const mostLines = 1000
const mostCharacters = 1000

/** Reads what lumi-allocations prints: what each project has used. */
export function readAllocations(print: string): Allocation[] {
  const lines = print.split('\n', mostLines).map((line) => line.slice(0, mostCharacters).trim())
  const date = lines.map(findDate).find((found) => found !== null) ?? null
  return lines.flatMap((line) => readAllocation(line, date) ?? [])
}
