import { bucketTargets } from '@lautta/core/buckets'
import { messageOf } from '@lautta/core/errors'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { Logger } from '@lautta/runtime/logger'
import { type Retention, removeOldDates } from './remove-old-dates.ts'
import { sweepForwards } from './sweep-forwards.ts'

const warnedShare = 0.8
// How long users see what became of their forwards, and longer than any upload takes (of a multipart upload it is known when it began), and than anybody reads an object that has
// been replaced.
const graceMs = 7 * 24 * 60 * 60 * 1000

export interface HouseOptions {
  store: ObjectStore
  management: Management
  users: readonly { name: string }[]
  logger: Logger
  now(): Date
  retention: Retention
  /** What a bucket holds at most; Allas' own bound, unless told otherwise. */
  mostObjects?: number
  signal: AbortSignal
}

/** Removes what broken uploads left in all buckets, forwards that were closed long ago and tables of dates long ago, and says which of them grow full. Doing it twice at once does no harm. */
export async function keepHouse(options: HouseOptions): Promise<void> {
  const { store, management, users, logger, now, mostObjects = 500_000, signal } = options
  const buckets = new Set(users.flatMap(({ name }) => bucketTargets.map((target) => management.bucketOf(name, target))))
  for (const bucket of buckets) {
    if (signal.aborted) return
    try {
      const removed = await store.sweep(bucket, new Date(now().getTime() - graceMs))
      if (removed > 0) logger.info({ bucket, removed }, 'removed what broken uploads had left')
      const usage = await store.measure(bucket)
      if (usage !== null && usage.objects > mostObjects * warnedShare)
        logger.warn({ bucket, ...usage, most: mostObjects }, 'a bucket grows full: see "How much fits in" in the operators guide')
    } catch (error) {
      logger.warn({ bucket, error: messageOf(error) }, 'a bucket could not be looked after; that is tried again later')
    }
  }
  try {
    const removed = await removeOldDates({ store, management }, users, options.retention, now(), signal)
    if (removed > 0) logger.info({ removed }, 'removed parts of TASKS and AUDIT that are not kept any longer')
  } catch (error) {
    logger.warn({ error: messageOf(error) }, 'old parts of TASKS and AUDIT could not be removed; that is tried again later')
  }
  try {
    await sweepForwards(management, new Date(now().getTime() - graceMs))
  } catch (error) {
    logger.warn({ error: messageOf(error) }, 'closed forwards could not be removed; that is tried again later')
  }
}
