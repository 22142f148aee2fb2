import { auditPrefix, tasksPrefix } from '@lautta/core/object-names'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { listAll, listFolders } from '@lautta/object-store/read-object'

const dayMs = 24 * 60 * 60 * 1000
const dateForm = /^(\d{4}-\d{2}-\d{2})\/$/
const partForm = /^[^/]+\.parquet$/

/** How many days tables that are kept by date stay; null: for ever. */
export interface Retention {
  tasksDays: number | null
  auditDays: number | null
}

/** Removes parts of TASKS and AUDIT of dates that are over for longer than they are kept; answers how many. */
export async function removeOldDates(
  { store, management }: { store: ObjectStore; management: Management },
  users: readonly { name: string }[],
  { tasksDays, auditDays }: Retention,
  now: Date,
  signal: AbortSignal
): Promise<number> {
  let removed = 0
  for (const { name } of users)
    removed += await removeBefore(store, management.bucketOf(name), tasksPrefix, tasksDays, now, signal)
  const [first] = users
  if (first === undefined) return removed
  const common = management.bucketOf(first.name, 'forwarder')
  return removed + (await removeBefore(store, common, auditPrefix, auditDays, now, signal))
}

async function removeBefore(
  store: ObjectStore,
  bucket: string,
  prefix: string,
  days: number | null,
  now: Date,
  signal: AbortSignal
): Promise<number> {
  if (days === null) return 0
  const oldest = new Date(now.getTime() - days * dayMs).toISOString().slice(0, 10)
  let removed = 0
  for (const folder of await listFolders(store, bucket, prefix)) {
    const [, date] = dateForm.exec(folder.slice(prefix.length)) ?? []
    if (date === undefined || date >= oldest) continue
    for (const { path } of await listAll(store, bucket, folder)) {
      if (signal.aborted) return removed
      // What does not have the name of a part is somebody else's.
      if (!partForm.test(path.slice(folder.length))) continue
      await store.delete(bucket, path)
      removed++
    }
  }
  return removed
}
