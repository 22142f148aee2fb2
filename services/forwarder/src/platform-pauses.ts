import { type PauseDocument, pausesKnownForMs } from '@lautta/core/documents/pause-document'
import { messageOf } from '@lautta/core/errors'
import type { Management } from '@lautta/object-store/management'
import type { Queues } from '@lautta/queue/queues'
import type { ConfiguredUser } from '@lautta/runtime/config'
import type { Logger } from '@lautta/runtime/logger'
import type { Caller } from './authenticate.ts'

export interface PlatformPausesOptions {
  management: Pick<Management, 'readPause' | 'writePause' | 'pausePathOf'>
  queues: Pick<Queues, 'nudgeReconcile'>
  users: readonly Pick<ConfiguredUser, 'name'>[]
  logger: Logger
  now(): Date
}

/** Pauses and resumes platforms, for everybody or for one user. */
export function createPlatformPauses({ management, queues, users, logger, now }: PlatformPausesOptions) {
  const read = (platform: string, user: string | null): Promise<PauseDocument | null> =>
    management.readPause(management.pausePathOf(platform, user))

  /** A lost nudge costs the time until the next pass, and never a pause. */
  const nudge = async (user: string, platform: string): Promise<void> => {
    try {
      await queues.nudgeReconcile({ user, platform })
      // The submitter may know pauses as they were a while ago; a later nudge finds it knowing better.
      await queues.nudgeReconcile({ user, platform }, pausesKnownForMs)
    } catch (error) {
      logger.warn({ user, platform, error: messageOf(error) }, 'the submitter could not be told of a pause')
    }
  }

  return {
    /** What keeps a user from beginning anything on a platform; null when nothing does. */
    async findPause(platform: string, user: string): Promise<PauseDocument | null> {
      const [ofAll, ofOne] = await Promise.all([read(platform, null), read(platform, user)])
      return [ofAll, ofOne].find((one) => one?.paused === true) ?? null
    },

    /** Durable when it resolves; `user` null is everybody. */
    async setPause(caller: Caller, platform: string, user: string | null, paused: boolean): Promise<void> {
      await management.writePause({ platform, user, paused, by: caller.user, at: now().toISOString() })
      const concerned = user === null ? users.map(({ name }) => name) : [user]
      await Promise.all(concerned.map((one) => nudge(one, platform)))
    }
  }
}
export type PlatformPauses = ReturnType<typeof createPlatformPauses>
