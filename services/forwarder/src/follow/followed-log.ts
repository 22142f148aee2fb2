import { messageOf, StorageError } from '@lautta/core/errors'
import type { Attempt } from '@lautta/core/job/job'
import type { LogPart } from '@lautta/object-store/log-pieces'
import type { Logger } from '@lautta/runtime/logger'
import { Problem } from '../problem.ts'
import { startLooking } from './looking.ts'
import { createRecentBytes } from './recent-bytes.ts'
import { createWaiting } from './waiting.ts'

/** How a log is at this moment. */
export interface LogLook {
  parts: readonly LogPart[]
  /** The attempt, once it has ended and nothing more of its log will come. */
  end: Attempt | null
}

export interface FollowedLogPorts {
  look(): Promise<LogLook>
  /** So many bytes of the log. Fails when a part of them is not there any more. */
  readBytes(parts: readonly LogPart[], from: number, bytes: number): Promise<Buffer>
  logger: Pick<Logger, 'debug'>
}

// Also finds what Redis did not tell.
const lookAgainMs = 10_000
// Before a look that failed is repeated.
const retryMs = 2000
const recentBytes = 1024 * 1024
// What is read at once for one who is behind.
const catchUpBytes = 256 * 1024

/**
 * Looks at a log for all who follow it: new bytes are read once and kept for a while. Who is further behind, because they
 * came later or take them slowly, reads for themselves, and so holds nobody up and nothing in memory.
 */
export function createFollowedLog({ look, readBytes, logger }: FollowedLogPorts) {
  let known: LogLook & { usedBytes: number } = { parts: [], end: null, usedBytes: 0 }
  let recent: ReturnType<typeof createRecentBytes> | null = null
  let failure: Problem | null = null
  const looked = createWaiting()

  const takeIn = async ({ parts, end }: LogLook): Promise<void> => {
    const usedBytes = parts.reduce((sum, part) => sum + part.usedBytes, 0)
    if (usedBytes < known.usedBytes) {
      // A listing may fall back; an end does not.
      if (end !== null) throw new Problem(409, 'the log is shorter than what was told of it')
      return
    }
    // Nobody is at the end of a log that is looked at for the first time.
    recent ??= createRecentBytes(usedBytes, recentBytes)
    const from = recent.nextFrom(usedBytes)
    if (from < usedBytes) recent.add(from, await readBytes(parts, from, usedBytes - from))
    known = { parts, end, usedBytes }
  }
  const lookOnce = async (): Promise<number | null> => {
    try {
      if (failure === null) await takeIn(await look())
      // After its end a log is looked at only when a part of it is gone.
      return known.end === null && failure === null ? lookAgainMs : null
    } catch (error) {
      // Such as an order that was removed.
      if (error instanceof Problem) failure = error
      else logger.debug({ error: messageOf(error) }, 'a log could not be followed; looking again soon')
      return retryMs
    } finally {
      looked.wake()
    }
  }
  const looking = startLooking(lookOnce)

  const throwIfOver = (signal: AbortSignal): void => {
    signal.throwIfAborted()
    if (looking.isClosed()) throw new Error('nobody looks at this log any more')
    if (failure !== null) throw failure
  }

  return {
    lookAgain: looking.again,
    /** Bytes that are known to be there. */
    usedBytes: (): number => known.usedBytes,
    /** The attempt, once all of its log is known. */
    end: (): Attempt | null => known.end,
    /** Whether it can not be followed any more. */
    hasFailed: (): boolean => failure !== null,

    /** The next bytes from a place before `usedBytes` on, some of them at least. */
    async read(from: number, signal: AbortSignal): Promise<Buffer> {
      for (;;) {
        throwIfOver(signal)
        const kept = recent?.find(from)
        // A copy: part of it would hold all that is kept at this moment, for as long as a slow client does not take it.
        if (kept !== undefined && kept.length > 0) return Buffer.from(kept.subarray(0, catchUpBytes))
        try {
          return await readBytes(known.parts, from, Math.min(catchUpBytes, known.usedBytes - from))
        } catch (error) {
          if (!(error instanceof StorageError)) throw error
          // Its pieces were joined meanwhile, or the store is away.
          logger.debug({ error: messageOf(error) }, 'a part of a log could not be read; looking where it is now')
          looking.again()
          await looked.wait({ ms: null, signal })
        }
      }
    },

    /** Waits for more than so many bytes, or for the end; false when the time is over first. */
    async untilMore(than: number, { ms, signal }: { ms: number; signal: AbortSignal }): Promise<boolean> {
      const overAtMs = performance.now() + ms
      for (;;) {
        throwIfOver(signal)
        if (known.usedBytes > than || known.end !== null) return true
        const leftMs = overAtMs - performance.now()
        if (leftMs <= 0) return false
        await looked.wait({ ms: leftMs, signal })
      }
    },

    async close(): Promise<void> {
      const closed = looking.close()
      looked.wake()
      await closed
    }
  }
}

/** A log as all who follow it see it. */
export type FollowedLog = ReturnType<typeof createFollowedLog>
