import type { DiscoveredLimits } from '@lautta/core/platform/limits'
import type { Scheduler } from '@lautta/platforms/scheduler'

/** What a platform says of its partitions and limits, as it was asked last. */
export interface KnownLimits {
  /** As it was, or is now, told within so many milliseconds; null where there are no partitions. Rejects while nobody tells. */
  find(scheduler: Pick<Scheduler, 'findLimits'>, withinMs?: number): Promise<DiscoveredLimits | null>
}

const knownForMs = 60 * 60 * 1000
// A platform that does not tell is not asked again for each job.
const untoldForMs = 60 * 1000

/** Remembers what a user's platform says of its limits, for an hour. */
export function createKnownLimits(now: () => Date): KnownLimits {
  let known: { limits: Promise<DiscoveredLimits | null>; askedAtMs: number; isTold: boolean } | null = null
  return {
    find(scheduler, withinMs = knownForMs) {
      const readAt = now()
      const ageMs = known === null ? Number.POSITIVE_INFINITY : readAt.getTime() - known.askedAtMs
      if (known !== null && ageMs < (known.isTold ? withinMs : Math.min(withinMs, untoldForMs))) return known.limits
      const limits = scheduler.findLimits().then((found) => (found === null ? null : { ...found, readAt }))
      const asked = { limits, askedAtMs: readAt.getTime(), isTold: true }
      limits.catch(() => {
        asked.isTold = false
      })
      known = asked
      return limits
    }
  }
}
