import { messageOf, RefusedError } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import { complaintAboutPath, trimObjectPath } from '@lautta/core/object-path'
import type { Send } from '@lautta/core/orchestration/dictionary'
import { type Direction, readPlace } from '@lautta/core/orchestration/direction'
import { listAll } from '@lautta/object-store/read-object'
import { joinPath, remotePath } from '@lautta/platforms/files/run-script'
import { readSecret } from '../secrets.ts'
import type { JobWork } from './job-work.ts'

/** A file that an order sends. */
export interface FileToSend {
  /** Of its entry in `files.send`. */
  index: number
  /** Where it goes: a folder on the platform, and the way below it. */
  folder: string
  name: string
  overwrite: boolean
  isSecret: boolean
  usedBytes: number
  source: { kind: 'bytes'; content: Buffer } | { kind: 'object'; bucket: string; path: string; etag: string }
}

type Source = Pick<FileToSend, 'isSecret' | 'usedBytes' | 'source'> & { name: string }

const entriesAtOnce = 8

/** What an order sends, file by file; of two for one place the later one, if it may overwrite. */
export async function listFilesToSend(work: JobWork): Promise<FileToSend[]> {
  const entries = [...work.part.files.send.entries()]
  const listed = await mapLimited(entries, entriesAtOnce, ([index, entry]) =>
    namingEntry(index, () => listEntry(work, index, entry))
  )
  const byTarget = new Map<string, FileToSend>()
  for (const file of listed.flat()) {
    const target = remotePath(targetOf(file))
    if (file.overwrite || !byTarget.has(target)) byTarget.set(target, file)
  }
  return [...byTarget.values()]
}

/** Where a file goes. */
export function targetOf({ folder, name }: Pick<FileToSend, 'folder' | 'name'>): string {
  return joinPath(folder, name)
}

/** Lets a complaint tell the entry that it is about. */
export async function namingEntry<Result>(index: number, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    throw new RefusedError(`files.send[${index}]: ${messageOf(error)}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint })
    })
  }
}

async function listEntry(work: JobWork, index: number, { transfer: { source, target }, overwrite }: Send): Promise<FileToSend[]> {
  const place = readPlace(source.place)
  const isFolder = place?.kind === 'store' && source.path.endsWith('/')
  const sources = isFolder ? await listObjects(work, place.target, source.path) : [await findSource(work, source)]
  const slash = target.path.lastIndexOf('/')
  const isInto = isFolder || target.path.endsWith('/')
  const folder = isInto ? target.path : target.path.slice(0, slash === 0 ? 1 : Math.max(slash, 0))
  return sources.map(({ name, isSecret, ...rest }) => {
    const placed = { folder, name: isInto ? name : target.path.slice(slash + 1) }
    return { ...rest, ...placed, index, overwrite, isSecret: isSecret || placed.name.endsWith('.pem') }
  })
}

async function findSource(work: JobWork, { place, path, value }: Direction): Promise<Source> {
  const from = readPlace(place)
  const name = path.slice(path.lastIndexOf('/') + 1)
  const ofBytes = (content: Buffer, isSecret: boolean): Source => {
    return { name, isSecret, usedBytes: content.length, source: { kind: 'bytes', content } }
  }
  switch (from?.kind) {
    case 'inline':
      return ofBytes(Buffer.from(value), false)
    case 'secrets':
      return ofBytes(await readSecret(work.secretsFolder, path, value), true)
    case 'store': {
      const bucket = work.management.bucketOf(work.user, from.target)
      const found = await work.store.head(bucket, trimObjectPath(path))
      if (found === null) {
        throw new RefusedError(`${place} has no object ${trimObjectPath(path)}`, {
          hint: 'put it there first: PUT /v1/objects/…'
        })
      }
      const { usedBytes, etag } = found
      return { name, isSecret: false, usedBytes, source: { kind: 'object', bucket, path: trimObjectPath(path), etag } }
    }
    default:
      throw new RefusedError(`${place} can not be a source`)
  }
}

/** All objects of a folder; what marks a folder itself is none. */
async function listObjects(work: JobWork, target: 'pipeline' | 'experiment' | 'submitter', path: string): Promise<Source[]> {
  const bucket = work.management.bucketOf(work.user, target)
  const prefix = trimObjectPath(path)
  const objects = (await listAll(work.store, bucket, prefix)).filter((object) => !object.path.endsWith('/'))
  if (objects.length === 0) throw new RefusedError(`storage/allas/${target} has no objects below ${prefix}`)
  return objects.map((object) => {
    const name = object.path.slice(prefix.length)
    const complaint = complaintAboutPath(name)
    if (complaint !== null) throw new RefusedError(`${object.path}: ${complaint}`)
    const { usedBytes, etag } = object
    return { name, isSecret: false, usedBytes, source: { kind: 'object', bucket, path: object.path, etag } }
  })
}
