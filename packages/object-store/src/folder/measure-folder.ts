import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '@lautta/core/errors'
import type { BucketUsage } from '../object-store.ts'
import { statOf } from './open-file.ts'

/** How many files lie below a folder, and how large they are; null when there is no such folder. */
export async function measureFolder(folder: string): Promise<BucketUsage | null> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  })
  if (names === null) return null
  let objects = 0
  let usedBytes = 0
  for (const entry of names.filter((one) => one.isFile())) {
    const found = await statOf(join(entry.parentPath, entry.name))
    // Removed in this moment.
    if (found === null) continue
    objects++
    usedBytes += Number(found.size)
  }
  return { objects, usedBytes }
}
