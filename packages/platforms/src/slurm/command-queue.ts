import { type Rate, type TokenBucket, tokensAt, waitForTokensMs } from './token-bucket.ts'

/** What sees or ends jobs goes before what submits them, when not all may begin at once. */
export type Rank = 'first' | 'second'

/** SLURM commands that wait for their turn. */
export interface WaitingCommands {
  commands: number
  begin(): void
  /** Nothing begins any more. */
  giveUp(): void
}

// So often may a waiting submission be passed over.
const mostFirstInARow = 4

/** Who may begin next, and when: in the sequence of coming within a rank. Pure: it is told the time, and starts no timer. */
export function createCommandQueue(rate: Rate, startMs: number) {
  const waiting: Record<Rank, WaitingCommands[]> = { first: [], second: [] }
  let bucket: TokenBucket = { tokens: rate.burst, atMs: startMs }
  let firstInARow = 0

  const nextRank = (): Rank => {
    const isPassedOver = waiting.first.length > 0 && firstInARow < mostFirstInARow
    return isPassedOver || waiting.second.length === 0 ? 'first' : 'second'
  }

  return {
    add(rank: Rank, commands: WaitingCommands): void {
      waiting[rank].push(commands)
    },

    /** Begins all that may begin now; answers how long until the next may, and null when none waits. */
    beginDue(nowMs: number): number | null {
      for (;;) {
        const rank = nextRank()
        const next = waiting[rank][0]
        if (next === undefined) return null
        const waitMs = waitForTokensMs(rate, bucket, next.commands, nowMs)
        if (waitMs > 0) return waitMs
        waiting[rank].shift()
        // Only what a submission had to see pass counts.
        firstInARow = rank === 'first' && waiting.second.length > 0 ? firstInARow + 1 : 0
        bucket = { tokens: tokensAt(rate, bucket, nowMs) - next.commands, atMs: nowMs }
        next.begin()
      }
    },

    clear(): void {
      for (const { giveUp } of [...waiting.first.splice(0), ...waiting.second.splice(0)]) giveUp()
    }
  }
}
