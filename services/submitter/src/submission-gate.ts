const longestPauseMs = 5 * 60 * 1000

/** A place for one submission, to be given back with what came of it. */
export interface Place {
  leave(isAccepted: boolean): void
}

/**
 * Room for jobs under the limits of a platform. Those are learned, because they lie in many places (the association, its
 * account, the quality of service, the partition): a refusal tells how many jobs were too many. After that as many are
 * submitted as have ended, and now and then a few more, twice as many each time that it went well.
 */
export function createSubmissionGate(pollSeconds: number, now: () => Date) {
  let ceiling: number | null = null
  let listedJobs = 0
  let acceptedAtMs: number[] = []
  let inFlight = 0
  let allowance = 0
  let nextAllowance = 1
  let pauseMs = pollSeconds * 1000
  let closedUntilMs = 0

  const jobs = (): number => listedJobs + acceptedAtMs.length

  return {
    /** Whether a limit was met: then others may be waiting for the same room. */
    isLimited: (): boolean => ceiling !== null,

    /** Whether the user has jobs there, as far as is known. */
    hasJobs: (): boolean => jobs() > 0,

    /** A new pass begins: a few more may be tried. */
    beginRound(): void {
      allowance = now().getTime() < closedUntilMs ? 0 : nextAllowance
    },

    /** All jobs of the user that the platform listed, in a listing that began at this moment. */
    countListed(count: number, startedAtMs: number): void {
      listedJobs = count
      acceptedAtMs = acceptedAtMs.filter((at) => at >= startedAtMs)
    },

    /** Null when there is no room now. */
    enter(): Place | null {
      const hasRoom = ceiling === null || jobs() + inFlight < ceiling
      if (!hasRoom && allowance === 0) return null
      if (!hasRoom) allowance--
      inFlight++
      return {
        leave(isAccepted) {
          inFlight--
          if (!isAccepted) return
          acceptedAtMs.push(now().getTime())
          if (ceiling === null || jobs() <= ceiling) return
          ceiling = jobs()
          nextAllowance *= 2
          pauseMs = pollSeconds * 1000
        }
      }
    },

    /** The platform refused a job because there are too many. */
    close(): void {
      ceiling = jobs()
      allowance = 0
      nextAllowance = 1
      const nowMs = now().getTime()
      // Several that were under way together met the same limit.
      if (nowMs < closedUntilMs) return
      closedUntilMs = nowMs + pauseMs
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    }
  }
}
