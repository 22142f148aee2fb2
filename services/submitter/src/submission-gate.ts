import type { JobCount } from './job-count.ts'

const longestPauseMs = 5 * 60 * 1000

/** Under a limit that was met: whether one more may be tried. */
export interface SubmissionGate {
  /** A new pass begins: a few more may be tried than there is room for, one of them at any rate when `isFirst`. */
  beginRound(isFirst: boolean): void
  isClosed(): boolean
  /** One more is tried; call what it answers with what came of it. */
  enter(): (isAccepted: boolean) => void
  /** The limit was met again. */
  close(): void
  closedAtMs(): number
}

/**
 * Room under one limit. Limits are learned, because they lie in many places (the association, its account, the quality of
 * service, the partition): a refusal tells how many jobs were too many. After that as many are submitted as have ended,
 * and after growing pauses a few more, twice as many each time that it went well.
 */
export function createSubmissionGate(count: JobCount, pollSeconds: number, now: () => Date): SubmissionGate {
  let ceiling = 0
  let allowance = 0
  let nextAllowance = 1
  let pauseMs = pollSeconds * 1000
  let closedUntilMs = Number.NEGATIVE_INFINITY
  let closedAtMs = 0
  const hasRoom = (): boolean => count.total() < ceiling

  return {
    beginRound(isFirst) {
      allowance = now().getTime() < closedUntilMs ? Number(isFirst) : nextAllowance
    },
    isClosed: () => !hasRoom() && allowance === 0,
    enter() {
      if (!hasRoom()) allowance--
      const leave = count.begin()
      return (isAccepted) => {
        leave(isAccepted)
        if (!isAccepted || count.total() <= ceiling) return
        ceiling = count.total()
        nextAllowance *= 2
        pauseMs = pollSeconds * 1000
      }
    },
    close() {
      // What is refused is itself under way still.
      ceiling = count.total() - 1
      allowance = 0
      nextAllowance = 1
      closedAtMs = now().getTime()
      // Several that were under way together met the same limit.
      if (closedAtMs < closedUntilMs) return
      closedUntilMs = closedAtMs + pauseMs
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    },
    closedAtMs: () => closedAtMs
  }
}
