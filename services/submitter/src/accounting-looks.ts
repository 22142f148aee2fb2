/** How often, and for how long, accounting must say that it never heard of a job before we believe it. */
const lostAfter = { looks: 10, ms: 5 * 60 * 1000 }
const longestPauseSeconds = 5 * 60

/** Seconds until accounting is asked again for a job of which it has told no end so many times. */
export function pauseAfterLooks(looks: number, pollSeconds: number): number {
  return Math.min(pollSeconds * 2 ** Math.max(0, looks - 2), longestPauseSeconds)
}

interface Looks {
  count: number
  dueAtMs: number
  /** The last ones, in all of which it had never heard of the job. */
  unheard: { count: number; sinceMs: number } | null
}

/** Remembers for jobs that vanished when accounting is asked again: it lags behind, but not for one job less than for another. */
export function createAccountingLooks(pollSeconds: number, now: () => Date) {
  const byId = new Map<string, Looks>()
  return {
    isDue: (id: string): boolean => now().getTime() >= (byId.get(id)?.dueAtMs ?? 0),

    /** Accounting told no end of the job. Answers whether it is lost: accounting never heard of it. */
    noteNoEnd(id: string, isHeardOf: boolean): boolean {
      const nowMs = now().getTime()
      const before = byId.get(id)
      const count = (before?.count ?? 0) + 1
      const { count: unheardBefore, sinceMs } = before?.unheard ?? { count: 0, sinceMs: nowMs }
      const unheard = isHeardOf ? null : { count: unheardBefore + 1, sinceMs }
      // A little less, as with listings: passes do not come by the millisecond.
      byId.set(id, { count, dueAtMs: nowMs + pauseAfterLooks(count, pollSeconds) * 900, unheard })
      return unheard !== null && unheard.count >= lostAfter.looks && nowMs - unheard.sinceMs >= lostAfter.ms
    },

    /** The job is listed again, or its end is known. */
    forget(id: string): void {
      byId.delete(id)
    },

    /** Whatever is asked about next is asked at once. */
    forgetAll: (): void => byId.clear()
  }
}
