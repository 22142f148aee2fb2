import { spanStartMs } from '@lautta/core/ended-task'
import { messageOf } from '@lautta/core/errors'
import { tasksPath } from '@lautta/core/object-names'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { EndedTasks, ToldTask } from '@lautta/queue/ended-tasks'
import type { Logger } from '@lautta/runtime/logger'
import { writeTasksTable } from '@lautta/tables/tasks-table'

const keptMs = 24 * 60 * 60 * 1000

export interface TasksOptions {
  store: ObjectStore
  management: Management
  users: readonly { name: string }[]
  tasks: EndedTasks
  /** How much time a part is about. */
  spanMs: number
  logger: Logger
  signal: AbortSignal
}

/**
 * Writes the tasks that ended into their users' tables, one part for each span of time that is over, and lets go of them
 * only then. A part is named for the last of its tasks, so that the same tasks never stand in two: what was written
 * before a crash is found, and not written again.
 */
export async function writeTasks(options: TasksOptions): Promise<void> {
  const { users, tasks, spanMs, logger, signal } = options
  const nowMs = await tasks.nowMs()
  const known = new Set(users.map(({ name }) => name))
  const told = await tasks.readBefore(spanStartMs(nowMs, spanMs))
  for (const [user, ofUser] of groupBy(told, ({ task }) => task.user)) {
    if (signal.aborted) return
    try {
      if (known.has(user)) await writeParts(options, user, ofUser)
      else logger.info({ user, tasks: ofUser.length }, 'tasks of somebody who is no user any more are not kept')
      await tasks.forget(ofUser.map(({ id }) => id))
    } catch (error) {
      logger.warn({ user, error: messageOf(error) }, 'TASKS could not be written; that is tried again for a day')
    }
  }
  await tasks.forgetBefore(nowMs - keptMs)
}

async function writeParts({ store, management, spanMs }: TasksOptions, user: string, told: readonly ToldTask[]): Promise<void> {
  const bucket = management.bucketOf(user)
  for (const [startMs, ofSpan] of groupBy(told, ({ toldMs }) => spanStartMs(toldMs, spanMs))) {
    const [date = '', time = ''] = new Date(startMs).toISOString().split(/[T.]/)
    const path = tasksPath(date, `${time.replaceAll(':', '')}-${ofSpan.at(-1)?.id}`)
    if ((await store.head(bucket, path)) !== null) continue
    await store.put(bucket, path, writeTasksTable(ofSpan.map(({ task }) => task)), { metadata: { version: '1' } })
  }
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item)) ?? []
    groups.set(keyOf(item), group)
    group.push(item)
  }
  return groups
}
