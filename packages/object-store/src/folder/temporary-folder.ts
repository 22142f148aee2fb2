import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hasCode } from '@lautta/core/errors'

/** A folder on the same file system, in which files are made before they are renamed into place. */
export interface TemporaryFolder {
  newPath(): Promise<string>
  /** A file with this content, safe on disk. */
  write(content: string): Promise<string>
  /** Renames a file into place, making the folders above it. */
  moveTo(from: string, to: string): Promise<void>
  /** Removes what a killed process left, when it was last written before; answers how many files that were. */
  sweep(before: Date): Promise<number>
}

export function createTemporaryFolder(folder: string): TemporaryFolder {
  const newPath = async (): Promise<string> => {
    await mkdir(folder, { recursive: true })
    return join(folder, randomUUID())
  }
  return {
    newPath,
    async write(content) {
      const path = await newPath()
      const file = await open(path, 'wx')
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      return path
    },
    async moveTo(from, to) {
      // Most folders are there. One that became empty may be removed by another process between mkdir and rename.
      for (let attempt = 1; ; attempt++) {
        try {
          if (attempt > 1) await mkdir(dirname(to), { recursive: true })
          await rename(from, to)
          break
        } catch (error) {
          if (hasCode(error, 'ENOENT') && attempt < 100) continue
          await rm(from, { force: true })
          throw error
        }
      }
      await syncFolder(dirname(to))
    },
    async sweep(before) {
      let removed = 0
      for (const name of await readdir(folder).catch(noneIfMissing)) {
        const path = join(folder, name)
        const [found] = await stat(path).then((one) => [one], noneIfMissing)
        if (found === undefined || found.mtime >= before) continue
        await rm(path, { force: true })
        removed++
      }
      return removed
    }
  }
}

/** What is gone already need not be swept. */
function noneIfMissing(error: unknown): never[] {
  if (hasCode(error, 'ENOENT')) return []
  throw error
}

/** Without this the name may be gone after a power failure, although the file's content is safe. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch((error: unknown) => {
    // What was renamed into it has been removed by somebody, and the folder with it.
    if (hasCode(error, 'ENOENT')) return null
    throw error
  })
  if (folder === null) return
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
