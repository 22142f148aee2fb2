import { RefusedError } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import { trimObjectPath } from '@lautta/core/object-path'
import { type Direction, readPlace } from '@lautta/core/orchestration/direction'
import type { FileToSend } from '@lautta/core/workspaces/judge-room'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { listAll } from '@lautta/object-store/read-object'
import { readSecret } from '../secrets.ts'
import type { JobWork } from './job-work.ts'

// Asked of the store at a time.
const mostAtOnce = 8

/** How large the files are that an order sends. What is not there has no size: sending it will say so. */
export async function measureFiles(work: JobWork): Promise<FileToSend[]> {
  const entries = work.part.files.send.map(({ transfer }, index) => ({ index, transfer }))
  return mapLimited(entries, mostAtOnce, async ({ index, transfer: { source, target } }) => ({
    index,
    path: target.path,
    usedBytes: await measure(work, source)
  }))
}

async function measure({ store, management, user, secretsFolder }: JobWork, { place, path, value }: Direction): Promise<number> {
  const from = readPlace(place)
  switch (from?.kind) {
    case 'inline':
      return Buffer.byteLength(value)
    case 'store':
      if (path.endsWith('/')) return measureFolder(store, management.bucketOf(user, from.target), trimObjectPath(path))
      return (await store.head(management.bucketOf(user, from.target), trimObjectPath(path)))?.usedBytes ?? 0
    case 'secrets':
      try {
        return (await readSecret(secretsFolder, path, value)).length
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error
        return 0
      }
    default:
      return 0
  }
}

async function measureFolder(store: ObjectStore, bucket: string, prefix: string): Promise<number> {
  return (await listAll(store, bucket, prefix)).reduce((sum, { usedBytes }) => sum + usedBytes, 0)
}
