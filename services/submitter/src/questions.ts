import { CredentialsError, type LauttaError } from '@lautta/core/errors'
import type { Platform } from '@lautta/platforms/platform'
import type { Backoff } from './backoff.ts'
import type { Connection } from './connection.ts'
import type { HeldLease } from './held-lease.ts'
import type { KnownLimits } from './known-limits.ts'

export interface QuestionsOptions {
  lease: Pick<HeldLease, 'isHeld' | 'hold'>
  connection: Pick<Connection, 'open'>
  backoff: Pick<Backoff, 'throwRefusal'>
  limits: KnownLimits
  fail(error: LauttaError): void
  onInterruption(): void
  /** Waits for the pass under way. */
  finishPass(): Promise<void>
  onAnswered(): void
}

/** What is asked of a platform beside the passes of a session. */
export interface Questions {
  ask<Answer>(work: (platform: Platform, limits: KnownLimits) => Promise<Answer>): Promise<{ answer: Answer } | 'elsewhere'>
  /** Whether any waits for its answer. */
  areOpen(): boolean
}

export function createQuestions({ lease, connection, backoff, limits, ...session }: QuestionsOptions): Questions {
  let open = 0
  return {
    async ask(work) {
      // What a pass knows must not be forgotten while it runs.
      if (!lease.isHeld()) await session.finishPass()
      backoff.throwRefusal()
      if ((await lease.hold(session.onInterruption)) === 'elsewhere') return 'elsewhere'
      open++
      try {
        return { answer: await work(await connection.open(), limits) }
      } catch (error) {
        if (error instanceof CredentialsError) session.fail(error)
        throw error
      } finally {
        open--
        session.onAnswered()
      }
    },
    areOpen: () => open > 0
  }
}
