import { readdir, readFile, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '@lautta/core/errors'
import type { TemporaryFolder } from './temporary-folder.ts'

/** What a file system does not keep of an object. */
export interface Sidecar {
  etag: string
  contentType: string
  metadata: Readonly<Record<string, string>>
  /** Where the file was made: while it is there, it is still to be put into place. */
  madeAt: string
}

/** Which file of all that ever had its name: no two of them have all three in common. */
export interface FileIdentity {
  size: bigint
  mtimeNs: bigint
  ino: bigint
}

/**
 * The folder of an object's sidecars: beside the buckets, so that nobody takes them for objects. Each file has a sidecar
 * of its own, which is there before the file is. So several processes may replace one object at once: whichever file a
 * reader opens, it finds what belongs to it.
 */
export function sidecarFolder(root: string, bucket: string, path: string): string {
  const folders = path.split('/')
  const name = folders.pop()
  // Folders and sidecars end otherwise, so that no name of one is a name of the other.
  return join(root, '.meta', bucket, ...folders.map((folder) => `${folder}.d`), `${name}.s`)
}

/** The sidecar of a file; null when there is none, or a torn one. */
export async function readSidecar(folder: string, file: FileIdentity): Promise<Sidecar | null> {
  return readJson(join(folder, nameOf(file)))
}

/** The sidecars of all files that have, had or will have the object's name. */
export async function readSidecars(folder: string): Promise<Sidecar[]> {
  const found = await Promise.all((await readNames(folder)).map((name) => readJson<Sidecar>(join(folder, name))))
  // Version 0.1.0 had one file for them all.
  const former = await readJson<Sidecar[]>(folder.replace(/\.s$/, '.m'))
  return [...found.filter((sidecar) => sidecar !== null), ...(former ?? [])]
}

/** Writes what belongs to a file, whole. */
export async function writeSidecar(
  folder: string,
  file: FileIdentity,
  sidecar: Sidecar,
  temporary: TemporaryFolder
): Promise<void> {
  await temporary.moveTo(await temporary.write(JSON.stringify(sidecar)), join(folder, nameOf(file)))
}

/** Removes the sidecars of files that are no more; `present` tells which file has the name in the moment it is asked. */
export async function removeOldSidecars(folder: string, present: () => Promise<FileIdentity | null>): Promise<void> {
  for (const name of await readNames(folder)) {
    const sidecar = await readJson<Sidecar>(join(folder, name))
    // First whether the file is still to be put into place, then which one is there: the other way round misses a rename between.
    if (sidecar !== null && (await isThere(sidecar.madeAt))) continue
    const file = await present()
    if (file === null || nameOf(file) !== name) await rm(join(folder, name), { force: true })
  }
  // Fails while one is left in it.
  await rmdir(folder).catch(() => {})
}

function nameOf({ size, mtimeNs, ino }: FileIdentity): string {
  return `${size}-${mtimeNs}-${ino}`
}

async function readNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return []
    throw error
  }
}

async function readJson<Content>(path: string): Promise<Content | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Content
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG') || error instanceof SyntaxError) return null
    throw error
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (hasCode(error, 'ENOENT')) return false
      throw error
    }
  )
}
