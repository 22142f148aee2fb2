import { createHash } from 'node:crypto'
import { type BigIntStats, createWriteStream } from 'node:fs'
import { type FileHandle, mkdir, open, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { hasCode, LauttaError, messageOf, RefusedError, StorageError } from '@lautta/core/errors'
import { complaintAboutPath } from '@lautta/core/object-path'
import type { ObjectInfo, ObjectStore } from '../object-store.ts'
import { listObjects } from './list-objects.ts'
import { findSidecar, readSidecars, type Sidecar, sidecarPath, writeSidecars } from './sidecar.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

// What a bucket could do and a file system can't.
const conflicts: Readonly<Record<string, string>> = {
  EEXIST: 'a part of the path is an object already',
  ENOTDIR: 'a part of the path is an object already',
  EISDIR: 'it is a folder of other objects',
  ENOTEMPTY: 'it is a folder of other objects',
  ENAMETOOLONG: 'a part of the path is too long'
}
const defaultType = 'application/octet-stream'

/** Object storage in a folder: `<root>/<bucket>/<path>`, with what a file system does not keep in `<root>/.meta`. */
export function createFolderStore(root: string): ObjectStore {
  const temporary = createTemporaryFolder(join(root, '.tmp'))
  const fileOf = (bucket: string, path: string): string => {
    const complaint = complaintAboutPath(path)
    if (complaint !== null) throw new RefusedError(`${path}: ${complaint}`)
    return join(root, bucket, path)
  }

  /** The object as it is in this moment: what is read from the handle belongs to what is told. */
  const openObject = async (bucket: string, path: string): Promise<{ info: ObjectInfo; handle: FileHandle } | null> => {
    const file = fileOf(bucket, path)
    for (;;) {
      const handle = await openFile(file)
      if (handle === null) return null
      const found = await handle.stat({ bigint: true })
      const sidecars = await readSidecars(sidecarPath(root, bucket, path))
      const sidecar = findSidecar(sidecars, found)
      if (sidecar !== undefined || (await isStillThere(file, found))) {
        const { usedBytes, etag, contentType, metadata } = sidecar ?? (await computeSidecar(handle, sidecars))
        return { handle, info: { path, usedBytes, etag, contentType, metadata, modifiedAt: found.mtime.toISOString() } }
      }
      // Replaced since it was opened, more than once perhaps, and its sidecar with it.
      await handle.close()
    }
  }

  const head = async (bucket: string, path: string): Promise<ObjectInfo | null> => {
    const opened = await openObject(bucket, path)
    await opened?.handle.close()
    return opened?.info ?? null
  }

  return {
    put: guarded(async (bucket, path, content, { contentType = defaultType, metadata = {}, md5 } = {}) => {
      const file = fileOf(bucket, path)
      const written = await temporary.newPath()
      try {
        const etag = await writeHashed(content, written)
        if (md5 !== undefined && md5 !== etag) throw new RefusedError(`${path}: the MD5 of what arrived is ${etag}, not ${md5}`)
        const { size, mtimeNs, mtime, ino } = await stat(written, { bigint: true })
        const identity = { usedBytes: Number(size), modifiedNs: String(mtimeNs), inode: String(ino) }
        const fresh: Sidecar = { ...identity, etag, contentType, metadata }
        const beside = sidecarPath(root, bucket, path)
        const former = await statOf(file)
        const formerSidecar = former === null ? undefined : findSidecar(await readSidecars(beside), former)
        try {
          await writeSidecars(beside, formerSidecar === undefined ? [fresh] : [formerSidecar, fresh], temporary)
          await temporary.moveTo(written, file)
        } catch (cause) {
          const conflict = conflicts[(cause as NodeJS.ErrnoException).code ?? '']
          throw conflict === undefined ? cause : new RefusedError(`${path}: ${conflict}`, { cause })
        }
        return { path, usedBytes: fresh.usedBytes, etag, contentType, metadata, modifiedAt: mtime.toISOString() }
      } finally {
        await rm(written, { force: true })
      }
    }),

    get: guarded(async (bucket, path, range) => {
      const opened = await openObject(bucket, path)
      if (opened === null) return null
      const { first, last } = range ?? { first: 0 }
      const content = opened.handle.createReadStream({ start: first, ...(last === undefined ? {} : { end: last }) })
      // Who reads it may begin later than it fails: the stream keeps the error for them, but unheard it ends the process.
      return { info: opened.info, content: content.on('error', () => {}) }
    }),

    head: guarded(head),

    list: guarded((bucket, options) => listObjects(join(root, bucket), (path) => head(bucket, path), options)),

    delete: guarded(async (bucket, path) => {
      const file = fileOf(bucket, path)
      try {
        await unlink(file)
      } catch (error) {
        // A folder of other objects is no object.
        if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG')) return
        throw error
      }
      await rm(sidecarPath(root, bucket, path), { force: true })
      await removeEmptyFolders(dirname(file), join(root, bucket))
    }),

    check: guarded(async () => {
      await mkdir(root, { recursive: true })
    }),

    async close() {}
  }
}

async function writeHashed(content: Uint8Array | Readable, path: string): Promise<string> {
  const hash = createHash('md5')
  const hashing = new PassThrough().on('data', (chunk: Buffer) => hash.update(chunk))
  const source = content instanceof Uint8Array ? Readable.from([content]) : content
  await pipeline(source, hashing, createWriteStream(path, { flags: 'wx', flush: true }))
  return hash.digest('hex')
}

async function openFile(path: string): Promise<FileHandle | null> {
  try {
    const handle = await open(path)
    if ((await handle.stat()).isFile()) return handle
    await handle.close()
    return null
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

async function isStillThere(path: string, { ino }: { ino: bigint }): Promise<boolean> {
  return (await statOf(path))?.ino === ino
}

async function statOf(path: string): Promise<BigIntStats | null> {
  return stat(path, { bigint: true }).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return null
    throw error
  })
}

/** For a file that came here by hand, or after a torn sidecar: the content tells which metadata is its own. */
async function computeSidecar(handle: FileHandle, sidecars: readonly Sidecar[]): Promise<Sidecar> {
  const hash = createHash('md5')
  let usedBytes = 0
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) {
    hash.update(chunk)
    usedBytes += chunk.length
  }
  const etag = hash.digest('hex')
  const known = sidecars.find((sidecar) => sidecar.etag === etag)
  return known ?? { usedBytes, modifiedNs: '', inode: '', etag, contentType: defaultType, metadata: {} }
}

async function removeEmptyFolders(folder: string, bucket: string): Promise<void> {
  for (let empty = folder; empty.startsWith(`${bucket}/`); empty = dirname(empty)) {
    // Fails when the folder is not empty, or gone already.
    if (
      !(await rmdir(empty).then(
        () => true,
        () => false
      ))
    )
      return
  }
}

/** Every failure of the file system is one of the store, told with its own words. */
function guarded<Arguments extends unknown[], Result>(
  act: (...given: Arguments) => Promise<Result>
): (...given: Arguments) => Promise<Result> {
  return async (...given) => {
    try {
      return await act(...given)
    } catch (cause) {
      if (cause instanceof LauttaError) throw cause
      throw new StorageError(`the folder store failed: ${messageOf(cause)}`, { cause })
    }
  }
}
