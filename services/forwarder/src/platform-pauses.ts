import { type PauseDocument, pausesKnownForMs } from '@lautta/core/documents/pause-document'
import { messageOf } from '@lautta/core/errors'
import { createKnownPauses, type StandingPause } from '@lautta/object-store/known-pauses'
import type { Management } from '@lautta/object-store/management'
import type { Queues } from '@lautta/queue/queues'
import type { ConfiguredUser } from '@lautta/runtime/config'
import type { Logger } from '@lautta/runtime/logger'
import type { Caller } from './authenticate.ts'
import { Problem } from './problem.ts'

export interface PlatformPausesOptions {
  management: Pick<Management, 'listPauses' | 'readPause' | 'writePause' | 'pausePathOf'>
  queues: Pick<Queues, 'nudgeReconcile'>
  users: readonly Pick<ConfiguredUser, 'name'>[]
  logger: Logger
  now(): Date
}

// By then the submitter has forgotten what it knew of pauses when this one was written.
const secondNudgeMs = pausesKnownForMs + 1000

/** Pauses and resumes platforms, for everybody or for one user. */
export function createPlatformPauses({ management, queues, users, logger, now }: PlatformPausesOptions) {
  const known = createKnownPauses(management, now, (error) =>
    logger.warn({ error: messageOf(error) }, 'pauses could not be read; what was known of them is answered')
  )

  /** A lost nudge costs the time until the next pass, and never a pause. */
  const nudge = async (user: string, platform: string): Promise<void> => {
    try {
      await queues.nudgeReconcile({ user, platform })
      await queues.nudgeReconcile({ user, platform }, secondNudgeMs)
    } catch (error) {
      logger.warn({ user, platform, error: messageOf(error) }, 'the submitter could not be told of a pause')
    }
  }

  /** What an administrator paused, its user neither ends nor takes over. */
  const refuseOthers = async (caller: Caller, platform: string, user: string | null): Promise<void> => {
    const pause = await management.readPause(management.pausePathOf(platform, user))
    if (pause?.paused === true && pause.by !== caller.user) {
      throw new Problem(403, `paused by ${pause.by}`, { hint: `ask ${pause.by}, or another administrator, to resume it` })
    }
  }

  return {
    /** What keeps a user from beginning anything on a platform; null when nothing does. */
    findPause: (platform: string, user: string): Promise<StandingPause | null> => known.find(user, platform),

    /** Durable when it resolves; `user` null is everybody. */
    async setPause(caller: Caller, platform: string, user: string | null, paused: boolean): Promise<void> {
      if (!caller.isAdmin) await refuseOthers(caller, platform, user)
      const pause: Omit<PauseDocument, 'hmac' | 'schema'> = { platform, user, paused, by: caller.user, at: now().toISOString() }
      await management.writePause(pause)
      known.learn(pause)
      const concerned = user === null ? users.map(({ name }) => name) : [user]
      await Promise.all(concerned.map((one) => nudge(one, platform)))
    }
  }
}
export type PlatformPauses = ReturnType<typeof createPlatformPauses>
