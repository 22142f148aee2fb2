import { messageOf, RefusedError } from '@lautta/core/errors'
import { slurmJobIdOf } from '@lautta/core/job/job'
import { trimObjectPath } from '@lautta/core/object-path'
import type { Get } from '@lautta/core/orchestration/dictionary'
import { readPlace } from '@lautta/core/orchestration/direction'
import type { ObjectInfo } from '@lautta/object-store/object-store'
import { putVersioned } from '@lautta/object-store/put-versioned'
import { hashFile, readFile, removeFile } from '@lautta/platforms/files'
import { readBytes } from '@lautta/platforms/read-bytes'
import { writeLinesTable } from '@lautta/tables/lines-table'
import type { JobWork, PerformEffect } from './job-work.ts'

// A table is made in memory. What is larger can be brought as it is, under another name.
const mostTableBytes = 16 * 1024 * 1024

/** Brings the files that the order asks for into the object store; one that is missing is told, and no failure. */
export const bringFiles: PerformEffect = async (work) => {
  for (const [index, entry] of work.part.files.get.entries()) {
    try {
      await bringFile(work, entry)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      await work.notice(`files.get[${index}]: ${messageOf(error)}`)
    }
  }
  return { type: 'filesBrought' }
}

async function bringFile(work: JobWork, { transfer: { source, target }, remove }: Get): Promise<void> {
  const { shell } = work.platform
  const place = readPlace(target.place)
  if (place?.kind !== 'store') throw new RefusedError(`${target.place} can not be a target`)
  // Seed 000: {0} is SLURM's id.
  const fill = (path: string) => path.replaceAll('{0}', slurmJobIdOf(work.job) ?? '')
  const from = fill(source.path)
  const bucket = work.management.bucketOf(work.user, place.target)
  const path = trimObjectPath(fill(target.path))
  if (path.endsWith('.parquet')) await bringTable(work, from, bucket, path)
  else if (remove) await removeWhenEqual(await bringBytes(work, from, bucket, path))
  else await bringBytes(work, from, bucket, path)

  async function removeWhenEqual({ etag }: ObjectInfo): Promise<void> {
    if ((await hashFile(shell, from)) !== etag) throw new RefusedError(`${from} is not removed: it changed while it was copied`)
    // Who holds the lease by now may be bringing it.
    work.order.fence()
    await removeFile(shell, from)
  }
}

async function bringBytes({ platform, store }: JobWork, from: string, bucket: string, path: string): Promise<ObjectInfo> {
  return putVersioned(store, bucket, path, await readFile(platform.shell, from))
}

/** A text file as seed 000 keeps logs: a table with the one column `rows`. */
async function bringTable({ platform, store }: JobWork, from: string, bucket: string, path: string): Promise<void> {
  const text = await readBytes(await readFile(platform.shell, from), mostTableBytes)
  await putVersioned(store, bucket, path, writeLinesTable(text))
}
