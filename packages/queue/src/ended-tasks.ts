import { type EndedTask, endedTaskSchema } from '@lautta/core/ended-task'
import { redisTimeMs } from './answers.ts'
import { type Redis, waitForRedis } from './connect-redis.ts'
import { withinDeadline } from './deadline.ts'

const key = 'lautta:ended-tasks'
// Less than 30 MB. What is older than these is forgotten: it tells how Lautta fares, and is no record.
const mostKept = 100_000
const atOnce = 1000
const patienceMs = 5000

/** A task with the name under which Redis keeps it: the moment by Redis' clock, and a number. */
export interface ToldTask {
  id: string
  toldMs: number
  task: EndedTask
}

/** Tasks of the queues that ended, until the monitor has written them into a table. */
export function createEndedTasks(redis: Redis) {
  return {
    /** Tells of one. That Redis is away costs its line in the table and nothing else. */
    async tell(task: EndedTask): Promise<void> {
      const told = redis.xadd(key, 'MAXLEN', '~', mostKept, '*', 'task', JSON.stringify(task))
      await withinDeadline(told).catch(() => {})
    },

    async nowMs(): Promise<number> {
      // The first question may come before the connection is there.
      await waitForRedis(redis, patienceMs)
      return withinDeadline(redisTimeMs(redis))
    },

    /**
     * Those that were told before a moment by Redis' clock, oldest first; none comes in between later. They are read at one
     * moment, and let go oldest first, so that of what another monitor is letting go the last ones are seen.
     */
    async readBefore(untilMs: number): Promise<ToldTask[]> {
      const entries = await withinDeadline(redis.xrange(key, '-', `(${untilMs}-0`))
      return entries.flatMap(([id, fields]) => readEntry(id, fields))
    },

    async forget(ids: readonly string[]): Promise<void> {
      for (let at = 0; at < ids.length; at += atOnce) await withinDeadline(redis.xdel(key, ...ids.slice(at, at + atOnce)))
    },

    async forgetBefore(untilMs: number): Promise<void> {
      await withinDeadline(redis.xtrim(key, 'MINID', untilMs))
    }
  }
}
export type EndedTasks = ReturnType<typeof createEndedTasks>

/** What another version of Lautta told may have another form, and is passed over. */
function readEntry(id: string, fields: readonly string[]): ToldTask[] {
  const parsed = endedTaskSchema.safeParse(JSON.parse(fields[1] ?? 'null'))
  return parsed.success ? [{ id, toldMs: Number.parseInt(id, 10), task: parsed.data }] : []
}
