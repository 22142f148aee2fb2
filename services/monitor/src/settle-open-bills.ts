import { messageOf } from '@lautta/core/errors'
import { allocationsPath, timesPath, usagePath } from '@lautta/core/object-names'
import { type AllocationReading, listReadings, writeReading } from '@lautta/object-store/allocation-readings'
import { putVersioned } from '@lautta/object-store/put-versioned'
import { readObject } from '@lautta/object-store/read-object'
import type { Logger } from '@lautta/runtime/logger'
import { amendBill } from '@lautta/tables/usage-table'
import { type BillPorts, settleReading } from './settle-bill.ts'

// After that nobody's numbers are expected to tell of a job any more; of a run that never ended here, far longer than it may take.
const patienceMs = 7 * 24 * 60 * 60 * 1000
const longestRunMs = 60 * 24 * 60 * 60 * 1000

export interface OpenBillsPorts extends BillPorts {
  users: readonly { name: string }[]
  logger: Logger
  signal: AbortSignal
}

/** Looks again at runs that ended before their project's numbers told of them, and writes what these tell into USAGE. */
export async function settleOpenBills(ports: OpenBillsPorts): Promise<void> {
  const { store, management, users, logger, signal } = ports
  for (const { name: user } of users) {
    if (signal.aborted) return
    try {
      for (const reading of await listReadings(store, management.bucketOf(user))) {
        if (signal.aborted) return
        await settleOpenBill(ports, user, reading)
      }
    } catch (error) {
      logger.warn({ user, error: messageOf(error) }, 'bills could not be settled; that is tried again later')
    }
  }
}

async function settleOpenBill(ports: OpenBillsPorts, user: string, reading: AllocationReading): Promise<void> {
  const { store, management, now } = ports
  const { run, job } = reading
  const bucket = management.bucketOf(user)
  const ageMs = now().getTime() - (job === null ? Date.parse(reading.readAt) : job.endedAtEpoch * 1000)
  const isStored = (await store.head(management.bucketOf(user, 'pipeline'), timesPath(run))) !== null
  const isOver = ageMs > (job === null ? longestRunMs : patienceMs)
  // A run without a job to bill is one that never began, or that no project paid for.
  if (isOver || (isStored && job === null)) return store.delete(bucket, allocationsPath(run))
  // Until then the run's own collection has it.
  if (job === null || !isStored) return
  const settled = reading.told === undefined ? await settleReading(ports, user, reading, job) : reading
  if (settled.told === undefined) return
  if (settled.told !== null) {
    await writeReading(store, bucket, settled)
    const usage = await readObject(store, bucket, usagePath(run))
    if (usage !== null) await putVersioned(store, bucket, usagePath(run), amendBill(usage, settled.told))
  }
  await store.delete(bucket, allocationsPath(run))
}
