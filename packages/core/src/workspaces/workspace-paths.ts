import { posix } from 'node:path'
import type { Workspace } from './workspace.ts'

/** Where a path of an order lies: relative ones and `~/` start at the home directory. Links are not followed. */
export function absolutePath(path: string, home: string): string {
  return posix.resolve(home, path === '~' ? '.' : path.replace(/^~\//, ''))
}

/** The disk area in which an absolute path lies: of several the innermost; null when it lies in none. */
export function findWorkspace(path: string, workspaces: readonly Workspace[]): Workspace | null {
  const around = workspaces.filter((one) => isInside(path, one.path))
  return around.reduce<Workspace | null>(
    (inner, one) => (inner === null || one.path.length > inner.path.length ? one : inner),
    null
  )
}

/** Whether an absolute path is a folder, or lies in it. */
export function isInside(path: string, folder: string): boolean {
  const trimmed = folder.replace(/\/+$/, '')
  return path === trimmed || path.startsWith(`${trimmed}/`)
}
