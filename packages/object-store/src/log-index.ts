import { StorageError } from '@lautta/core/errors'
import { type LogSource, logIndexPath, type Run } from '@lautta/core/object-names'
import { fromWire, toWire } from '@lautta/core/wire'
import { z } from 'zod'
import type { ObjectStore } from './object-store.ts'
import { putVersioned } from './put-versioned.ts'
import { readObject } from './read-object.ts'

const bytes = z.number().int().min(0)
const indexSchema = z.object({ tasks: z.array(z.object({ task: bytes, offset: bytes, 'used-bytes': bytes })) })

/** Where the bytes of one task are in a log that holds those of all tasks. */
export interface TaskBytes {
  task: number
  offset: number
  usedBytes: number
}

/** Says where each task's bytes are, in the sequence of the log; tasks without any do not stand in it. */
export async function writeLogIndex(
  store: ObjectStore,
  bucket: string,
  run: Run,
  source: LogSource,
  tasks: readonly TaskBytes[]
): Promise<void> {
  const content = Buffer.from(JSON.stringify(toWire({ tasks })))
  await putVersioned(store, bucket, logIndexPath(run, source), content, { contentType: 'application/json' })
}

/** Null: the log is not there yet. */
export async function readLogIndex(store: ObjectStore, bucket: string, run: Run, source: LogSource): Promise<TaskBytes[] | null> {
  const path = logIndexPath(run, source)
  const content = await readObject(store, bucket, path)
  if (content === null) return null
  try {
    return fromWire(indexSchema.parse(JSON.parse(content.toString('utf8')))).tasks
  } catch (cause) {
    throw new StorageError(`${path} is no list of tasks`, { cause, reason: 'damaged' })
  }
}
