import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '@lautta/core/errors'

/** Which names are listed: those behind `after`, so many at most. */
export interface FolderPart {
  prefix: string
  /** What lies deeper than the next slash behind the prefix is answered as the name of that folder, ending in a slash. */
  fold: boolean
  after: string
  most: number
}

/** Names of the files below a folder, in the sequence of their UTF-8 bytes; only folders that can hold such names are entered. */
export async function listFolder(root: string, { prefix, fold, after, most }: FolderPart): Promise<string[]> {
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  const behind = Buffer.from(after)
  const names: string[] = []
  const enter = async (folder: string): Promise<void> => {
    const entries = (await readFolder(join(root, folder))).map((entry) => {
      const name = folder + entry.name + (entry.isDirectory() ? '/' : '')
      return { name, bytes: Buffer.from(name), isFolder: entry.isDirectory() }
    })
    // A folder's slash is part of its name, so what is below it has its place.
    for (const { name, bytes, isFolder } of entries.sort((a, b) => Buffer.compare(a.bytes, b.bytes))) {
      if (names.length >= most) return
      const isListed = name.startsWith(prefix)
      if (isFolder && !(fold && isListed)) {
        const mayHold = isListed || prefix.startsWith(name)
        if (mayHold && (after.startsWith(name) || Buffer.compare(bytes, behind) > 0)) await enter(name)
      } else if (isListed && Buffer.compare(bytes, behind) > 0) names.push(name)
    }
  }
  await enter(start)
  return names
}

async function readFolder(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return []
    throw error
  }
}
