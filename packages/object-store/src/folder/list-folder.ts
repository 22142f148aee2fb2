import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '@lautta/core/errors'

/**
 * Names of the files below a folder that begin with a prefix, in the sequence of their UTF-8 bytes. With `fold`, what
 * lies deeper than the next slash behind the prefix is answered as the name of that folder, ending in a slash.
 */
export async function listFolder(root: string, prefix: string, fold: boolean): Promise<string[]> {
  // Only folders that can hold such names are entered.
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  const names: string[] = []
  const enter = async (folder: string): Promise<void> => {
    for (const entry of await readFolder(join(root, folder))) {
      const name = folder + entry.name + (entry.isDirectory() ? '/' : '')
      if (!name.startsWith(prefix) && !prefix.startsWith(name)) continue
      if (entry.isDirectory() && !(fold && name.startsWith(prefix))) await enter(name)
      else if (name.startsWith(prefix)) names.push(name)
    }
  }
  await enter(start)
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

async function readFolder(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return []
    throw error
  }
}
