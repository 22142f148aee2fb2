import { findDate, readAllocation } from './read-allocation.ts'
import { readQuantity, scaleQuantity } from './read-quantity.ts'
import type { Allocation, Workspace } from './workspace.ts'

/** What a platform's command printed about disk areas. */
export interface WorkspacesPrint {
  workspaces: Workspace[]
  allocations: Allocation[]
  /** Lines that should tell something and can not be read; all of them when none tells of a disk area. */
  unreadableLines: string[]
}

// A print that never ends, or has no line ends, is not followed any further.
const mostLines = 1000
const mostCharacters = 1000
const mostUnreadable = 20
const mostToldCharacters = 200

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const colours = /\u001b\[[0-9;]*m/g
const use = String.raw`([^\s/*]+)(\*?)\s*/\s*([^\s/*]+)(\*?)`
const rowPattern = new RegExp(String.raw`^(/\S*)\s+${use}\s+${use}(?:\s+(\S.*))?$`)

/** Reads what csc-workspaces and lumi-workspaces print; headings and remarks are passed over. */
export function readWorkspaces(print: string): WorkspacesPrint {
  const lines = print
    .replace(colours, '')
    .split('\n', mostLines)
    .map((line) => line.slice(0, mostCharacters).trim())
    .filter((line) => line !== '')
  const date = lines.map(findDate).find((found) => found !== null) ?? null
  const workspaces: Workspace[] = []
  const allocations: Allocation[] = []
  const unread: string[] = []
  for (const line of lines) {
    const workspace = readRow(line)
    const allocation = readAllocation(line, date)
    if (workspace !== null) workspaces.push(workspace)
    else if (allocation !== null) allocations.push(allocation)
    else if (/^(\/|project_)/.test(line)) unread.push(line)
  }
  const unreadable = workspaces.length === 0 ? lines : unread
  const unreadableLines = unreadable.slice(0, mostUnreadable).map((line) => line.slice(0, mostToldCharacters))
  return { workspaces, allocations, unreadableLines }
}

/** A row: the path, bytes and files as `used/most` with a star over the quota, and after how long files are removed. */
function readRow(line: string): Workspace | null {
  const match = rowPattern.exec(line)
  if (match === null) return null
  const [, path = '', usedCapacity = '', bytesStar, maxCapacity = '', bytesStar2, ...rest] = match
  const [usedFiles = '', filesStar, maxFiles = '', filesStar2, cleanup] = rest
  const bytes = readCapacity(usedCapacity, maxCapacity)
  const files = readFileCounts(usedFiles, maxFiles)
  if (bytes === null || files === null) return null
  const hasStar = [bytesStar, bytesStar2, filesStar, filesStar2].includes('*')
  return {
    ...{ path, usedCapacity, maxCapacity, usedFiles, maxFiles },
    ...{ usedCapacityBytes: bytes.used, maxCapacityBytes: bytes.max, usedFilesCount: files.used, maxFilesCount: files.max },
    overQuota: hasStar || isOver(bytes) || isOver(files),
    cleanup: cleanup ?? null
  }
}

function readCapacity(usedText: string, maxText: string): { used: number; max: number } | null {
  const [used, max] = [readQuantity(usedText), readQuantity(maxText)]
  if (used === null || max === null) return null
  // `7.2/10TB`: a unit that is missing before the slash is the one behind it.
  const unit = used.unit === '' ? max.unit : used.unit
  return { used: scaleQuantity({ ...used, unit }, 1024), max: scaleQuantity(max, 1024) }
}

/** Of files `37/100K` is thirty-seven. */
function readFileCounts(usedText: string, maxText: string): { used: number; max: number } | null {
  const [used, max] = [readQuantity(usedText), readQuantity(maxText)]
  return used === null || max === null ? null : { used: scaleQuantity(used, 1000), max: scaleQuantity(max, 1000) }
}

const isOver = ({ used, max }: { used: number; max: number }): boolean => max > 0 && used > max
