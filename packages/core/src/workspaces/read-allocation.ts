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
