import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { hasCode, LauttaError, messageOf, RefusedError, StorageError, type StorageReason } from '@lautta/core/errors'
import { complaintAboutPath } from '@lautta/core/object-path'
import type { ObjectInfo, ObjectStore } from '../object-store.ts'
import { createKnownEtags } from './known-etags.ts'
import { listObjects } from './list-objects.ts'
import { measureFolder } from './measure-folder.ts'
import { defaultType, openFileWithSidecar, statOf } from './open-file.ts'
import { removeOldSidecars, sidecarFolder, writeSidecar } from './sidecar.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

// What a bucket could do and a file system can't.
const conflicts: Readonly<Record<string, string>> = {
  EEXIST: 'a part of the path is an object already',
  ENOTDIR: 'a part of the path is an object already',
  EISDIR: 'it is a folder of other objects',
  ENOTEMPTY: 'it is a folder of other objects',
  ENAMETOOLONG: 'a part of the path is too long'
}
const reasons: Readonly<Record<string, StorageReason>> = {
  ENOSPC: 'quota',
  EDQUOT: 'quota',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  EROFS: 'forbidden'
}

/** Object storage in a folder: `<root>/<bucket>/<path>`, with what a file system does not keep in `<root>/.meta`. */
export function createFolderStore(root: string): ObjectStore {
  const temporaryOf = (bucket: string) => createTemporaryFolder(join(root, '.tmp', bucket))
  const fileOf = (bucket: string, path: string): string => {
    const complaint = complaintAboutPath(path)
    if (complaint !== null) throw new RefusedError(`${path}: ${complaint}`)
    return join(root, bucket, path)
  }

  const openObject = (bucket: string, path: string) =>
    openFileWithSidecar(fileOf(bucket, path), sidecarFolder(root, bucket, path), temporaryOf(bucket))

  const head = async (bucket: string, path: string): Promise<ObjectInfo | null> => {
    const opened = await openObject(bucket, path)
    await opened?.handle.close()
    return opened === null ? null : { path, ...opened.info }
  }

  const describeKnown = createKnownEtags()

  return {
    put: guarded(async (bucket, path, content, { contentType = defaultType, metadata = {}, md5, usedBytes, signal } = {}) => {
      const file = fileOf(bucket, path)
      const beside = sidecarFolder(root, bucket, path)
      const temporary = temporaryOf(bucket)
      const written = await temporary.newPath()
      try {
        const etag = await writeHashed(content, written)
        const made = await stat(written, { bigint: true })
        if (usedBytes !== undefined && BigInt(usedBytes) !== made.size)
          throw new RefusedError(`${path}: ${made.size} bytes came, not ${usedBytes}`)
        if (md5 !== undefined && md5 !== etag) throw new RefusedError(`${path}: the MD5 of what arrived is ${etag}, not ${md5}`)
        signal?.throwIfAborted()
        try {
          await writeSidecar(beside, made, { etag, contentType, metadata, madeAt: written }, temporary)
          await temporary.moveTo(written, file)
        } catch (cause) {
          const conflict = conflicts[(cause as NodeJS.ErrnoException).code ?? '']
          throw conflict === undefined ? cause : new RefusedError(`${path}: ${conflict}`, { cause })
        }
        await removeOldSidecars(beside, () => statOf(file))
        return { path, usedBytes: Number(made.size), etag, contentType, metadata, modifiedAt: made.mtime.toISOString() }
      } finally {
        await rm(written, { force: true })
      }
    }),

    get: guarded(async (bucket, path, range) => {
      const { first, last } = range ?? { first: 0 }
      if (last !== undefined && last < first) throw new RefusedError(`${path}: the range ends before it begins`)
      const opened = await openObject(bucket, path)
      if (opened === null) return null
      const content = opened.handle.createReadStream({ start: first, ...(last === undefined ? {} : { end: last }) })
      // Who reads it may begin later than it fails: the stream keeps the error for them, but unheard it ends the process.
      return { info: { path, ...opened.info }, content: content.on('error', () => {}) }
    }),

    head: guarded(head),

    list: guarded((bucket, options) => {
      const describe = (path: string) => describeKnown(fileOf(bucket, path), path, () => head(bucket, path))
      return listObjects(join(root, bucket), describe, options)
    }),

    delete: guarded(async (bucket, path) => {
      const file = fileOf(bucket, path)
      try {
        await unlink(file)
      } catch (error) {
        // A folder of other objects is no object.
        if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG')) return
        throw error
      }
      await removeOldSidecars(sidecarFolder(root, bucket, path), () => statOf(file))
      await removeEmptyFolders(dirname(file), join(root, bucket))
    }),

    // Who serves the folder has to sign.
    sign: async () => null,

    measure: guarded((bucket) => measureFolder(join(root, bucket))),

    sweep: guarded((bucket, before) => temporaryOf(bucket).sweep(before)),

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
      const reason = reasons[(cause as NodeJS.ErrnoException).code ?? ''] ?? 'unavailable'
      throw new StorageError(`the folder store failed: ${messageOf(cause)}`, { cause, reason })
    }
  }
}
