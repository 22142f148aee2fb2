import { leastMeant } from './read-quantity.ts'
import type { Workspace } from './workspace.ts'
import { absolutePath, findWorkspace } from './workspace-paths.ts'

/** A file that needs room on a platform. */
export interface NewFile {
  /** Its place in the order's list. */
  index: number
  path: string
  usedBytes: number
  /** How large the one is that it replaces; null when none is there. */
  thereBytes: number | null
}

/** Whether there is room for files: `full` may change, `never` will not. */
export type Room = { kind: 'enough' } | { kind: 'full'; words: string } | { kind: 'never'; index: number; words: string }

/** Whether the disk areas have room for the files; nothing is said of files that lie in none of them. */
export function judgeRoom(files: readonly NewFile[], home: string, workspaces: readonly Workspace[]): Room {
  const byWorkspace = new Map<Workspace, NewFile[]>()
  for (const file of files) {
    const workspace = findWorkspace(absolutePath(file.path, home), workspaces)
    if (workspace === null) continue
    const others = byWorkspace.get(workspace)
    if (others === undefined) byWorkspace.set(workspace, [file])
    else others.push(file)
  }
  const judged = [...byWorkspace].map(([workspace, inside]) => judgeWorkspace(workspace, inside))
  return judged.find(({ kind }) => kind === 'never') ?? judged.find(({ kind }) => kind === 'full') ?? { kind: 'enough' }
}

function judgeWorkspace(workspace: Workspace, files: readonly NewFile[]): Room {
  const { path, maxCapacityBytes, usedCapacityBytes, maxFilesCount, usedFilesCount } = workspace
  const { usedCapacity, maxCapacity, usedFiles, maxFiles } = workspace
  const tooLarge = files.find(({ usedBytes }) => maxCapacityBytes > 0 && usedBytes > maxCapacityBytes)
  if (tooLarge !== undefined) {
    return {
      kind: 'never',
      index: tooLarge.index,
      words: `${tooLarge.usedBytes} bytes are more than ${path} may hold: ${maxCapacity}`
    }
  }
  const used = `${usedCapacity} of ${maxCapacity} and ${usedFiles} of ${maxFiles} files are used`
  if (workspace.overQuota) return { kind: 'full', words: `${path} is over its quota: ${used}` }
  const neededBytes = files.reduce((sum, { usedBytes, thereBytes }) => sum + Math.max(0, usedBytes - (thereBytes ?? 0)), 0)
  const neededFiles = files.filter(({ thereBytes }) => thereBytes === null).length
  // What was printed is rounded: the platform itself says best when an area is nearly full.
  const leastBytes = leastMeant(usedCapacity, usedCapacityBytes)
  const leastFiles = leastMeant(usedFiles, usedFilesCount)
  const hasRoom =
    (maxCapacityBytes === 0 || neededBytes === 0 || leastBytes + neededBytes <= maxCapacityBytes) &&
    (maxFilesCount === 0 || neededFiles === 0 || leastFiles + neededFiles <= maxFilesCount)
  if (hasRoom) return { kind: 'enough' }
  return { kind: 'full', words: `${path} has no room for ${neededBytes} bytes more in ${neededFiles} new files: ${used}` }
}
