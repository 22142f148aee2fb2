import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { hasCode } from '@lautta/core/errors'
import type { ObjectInfo } from '../object-store.ts'
import { type FileIdentity, readSidecar, readSidecars, type Sidecar, writeSidecar } from './sidecar.ts'
import type { TemporaryFolder } from './temporary-folder.ts'

/** Of an object without one of its own. */
export const defaultType = 'application/octet-stream'

/** An object's file: what is read from the handle belongs to what is told. */
export interface OpenedFile {
  info: Omit<ObjectInfo, 'path'>
  handle: FileHandle
}

/** Opens an object's file as it is in this moment, with what its sidecar tells; null when there is none. */
export async function openFileWithSidecar(file: string, beside: string, temporary: TemporaryFolder): Promise<OpenedFile | null> {
  for (;;) {
    const handle = await openFile(file)
    if (handle === null) return null
    try {
      const found = await handle.stat({ bigint: true })
      const sidecar = await readSidecar(beside, found)
      if (sidecar !== null || (await isStillThere(file, found))) {
        const { etag, contentType, metadata } = sidecar ?? (await makeSidecar(handle, found, beside, temporary))
        const modifiedAt = found.mtime.toISOString()
        return { handle, info: { usedBytes: Number(found.size), etag, contentType, metadata, modifiedAt } }
      }
    } catch (error) {
      await handle.close()
      throw error
    }
    // Replaced since it was opened, more than once perhaps, and its sidecar with it.
    await handle.close()
  }
}

async function openFile(path: string): Promise<FileHandle | null> {
  try {
    const handle = await open(path)
    if ((await handle.stat()).isFile()) return handle
    await handle.close()
    return null
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return null
    throw error
  }
}

async function isStillThere(path: string, { ino }: { ino: bigint }): Promise<boolean> {
  return (await statOf(path))?.ino === ino
}

/** What the file system says of a file; null when there is none. */
export async function statOf(path: string): Promise<BigIntStats | null> {
  return stat(path, { bigint: true }).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return null
    throw error
  })
}

/**
 * For a file that came here by hand or in a copy of the store, or after a torn sidecar: the content tells which metadata
 * is its own. It is kept, since reading the whole of a large file takes long.
 */
async function makeSidecar(handle: FileHandle, file: FileIdentity, beside: string, temporary: TemporaryFolder): Promise<Sidecar> {
  const hash = createHash('md5')
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) hash.update(chunk)
  const etag = hash.digest('hex')
  const known = (await readSidecars(beside)).find((sidecar) => sidecar.etag === etag)
  const sidecar = { etag, contentType: defaultType, metadata: {}, ...known, madeAt: '' }
  // On a full disk it is computed again the next time.
  await writeSidecar(beside, file, sidecar, temporary).catch(() => {})
  return sidecar
}
