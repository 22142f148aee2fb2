import { messageOf } from '@lautta/core/errors'
import type { Logger } from '@lautta/runtime/logger'
import { type CompactionPorts, compactTables } from './compact-tables.ts'

const everyMs = 60 * 60 * 1000

export interface CompactingOptions extends Omit<CompactionPorts, 'signal'> {
  users: readonly { name: string }[]
  logger: Logger
}

/** Joins the tables of all users' runs at once and then every hour, one user after the other. */
export function startCompacting({ users, logger, ...ports }: CompactingOptions) {
  const closing = new AbortController()
  const { signal } = closing

  const compactAll = async (): Promise<void> => {
    for (const { name } of users) {
      if (signal.aborted) return
      try {
        const joined = await compactTables({ ...ports, signal }, name)
        if (joined > 0) logger.info({ user: name, segments: joined }, 'joined the tables of runs')
      } catch (error) {
        if (signal.aborted) return
        logger.warn({ user: name, error: messageOf(error) }, 'the tables of runs could not be joined; that is tried again later')
      }
    }
  }

  // One that takes longer than an hour is not met by the next.
  let compacting = compactAll()
  let isIdle = false
  const rest = (): void => {
    isIdle = true
  }
  void compacting.then(rest)
  const timer = setInterval(() => {
    if (!isIdle) return
    isIdle = false
    compacting = compactAll()
    void compacting.then(rest)
  }, everyMs)
  return {
    async close(): Promise<void> {
      closing.abort()
      clearInterval(timer)
      await compacting
    }
  }
}
