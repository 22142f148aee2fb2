import { messageOf } from '@lautta/core/errors'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { EndedTasks } from '@lautta/queue/ended-tasks'
import type { Logger } from '@lautta/runtime/logger'
import { createAudit } from './write-audit.ts'
import { writeTasks } from './write-tasks.ts'

export interface TablesOptions {
  store: ObjectStore
  management: Management
  users: readonly { name: string; slug: string }[]
  tasks: EndedTasks
  everyMs: number
  logger: Logger
}

/** Writes TASKS and AUDIT of all users every so often; two that do it at once do no harm. Closing waits for what is being written. */
export function keepTables({ store, management, users, tasks, everyMs, logger }: TablesOptions): { close(): Promise<void> } {
  const closing = new AbortController()
  const { signal } = closing
  const audit = createAudit({ store, management, logger, now: () => new Date(), signal })
  let timer: NodeJS.Timeout | undefined

  const attempt = async (table: string, user: string | null, write: () => Promise<void>): Promise<void> => {
    if (signal.aborted) return
    try {
      await write()
    } catch (error) {
      if (!signal.aborted)
        logger.warn({ table, user, error: messageOf(error) }, 'a table could not be written; that is tried again')
    }
  }
  const writeAll = async (): Promise<void> => {
    await attempt('TASKS', null, () => writeTasks({ store, management, users, tasks, spanMs: everyMs, logger, signal }))
    for (const { name, slug } of users) await attempt('AUDIT', name, () => audit.write(name, slug))
    if (!signal.aborted) timer = setTimeout(next, everyMs)
  }
  let writing = writeAll()
  const next = (): void => {
    writing = writeAll()
  }
  return {
    async close() {
      closing.abort()
      clearTimeout(timer)
      await writing
    }
  }
}
