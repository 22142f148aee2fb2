import { messageOf } from '@lautta/core/errors'
import { type Attempt, isFinished, slurmJobIdOf } from '@lautta/core/job/job'
import { type LogSource, logStreamOf, type Run, timesPath } from '@lautta/core/object-names'
import type { Management } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import type { Change } from '@lautta/queue/changes'
import type { FollowedStreams } from '@lautta/queue/followed-streams'
import type { Logger } from '@lautta/runtime/logger'
import { findAttempt } from '../find-attempt.ts'
import { findJob } from '../find-job.ts'
import { findLog, refuseManyTasks } from '../find-log.ts'
import type { OrderReader } from '../order-reader.ts'
import { createFollowedLog, type FollowedLog, type LogLook } from './followed-log.ts'
import { readLogBytes } from './read-log-bytes.ts'

/** A log that is followed: of one attempt of a user's job, and of one task of it. */
export interface FollowedRun {
  user: string
  run: Run
  source: LogSource
  task: number | null
}

export interface FollowedLogsPorts {
  store: ObjectStore
  management: Management
  reader: OrderReader
  /** Where whoever brings logs is told which are followed. */
  told: Pick<FollowedStreams, 'tell'>
  listen(onChange: (change: Change) => void): () => void
  logger: Logger
}

/** The logs that are followed now: however many follow one, it is looked at and read once. */
export function createFollowedLogs(ports: FollowedLogsPorts) {
  const open = new Map<string, { log: FollowedLog; followers: number; unlisten(): void }>()
  const closing = new Set<Promise<void>>()

  const start = (of: FollowedRun) => {
    const bucket = ports.management.bucketOf(of.user, 'pipeline')
    const log = createFollowedLog({
      logger: ports.logger,
      look: () => {
        tellFollowed(ports, of)
        return lookAtLog(ports, of)
      },
      readBytes: (parts, from, bytes) => readLogBytes(ports.store, bucket, parts, from, bytes)
    })
    const unlisten = ports.listen((change) => {
      if (concerns(change, of) && log.end() === null) log.lookAgain()
    })
    return { log, followers: 0, unlisten }
  }

  return {
    /** Begins to follow; `leave` is called once. With its last follower a log is looked at no more. */
    join(of: FollowedRun): { log: FollowedLog; leave(): void } {
      const key = JSON.stringify([of.user, of.run.id, of.run.platform, of.run.index, of.run.attempt, of.source, of.task])
      const found = open.get(key)
      const one = found === undefined || found.log.hasFailed() ? start(of) : found
      open.set(key, one)
      one.followers++
      return {
        log: one.log,
        leave() {
          one.followers--
          if (one.followers > 0) return
          if (open.get(key) === one) open.delete(key)
          one.unlisten()
          const closed = one.log.close().finally(() => closing.delete(closed))
          closing.add(closed)
        }
      }
    },

    /** How many logs are looked at. */
    count: (): number => open.size,

    /** Waits for what is under way; all followers have left. */
    async close(): Promise<void> {
      await Promise.all(closing)
    }
  }
}
export type FollowedLogs = ReturnType<typeof createFollowedLogs>

function concerns({ user, id, log }: Change, { user: owner, run }: FollowedRun): boolean {
  if (user !== owner || id !== run.id) return false
  return log === undefined || (log.platform === run.platform && log.index === run.index)
}

/** Of a task, or a job that prints for days, a little is not brought for a while unless somebody follows. */
function tellFollowed({ told, logger }: FollowedLogsPorts, { user, run, source, task }: FollowedRun): void {
  told.tell(user, run, logStreamOf(source, task)).catch((error: unknown) => {
    logger.debug({ error: messageOf(error) }, 'nobody could be told which log is followed')
  })
}

async function lookAtLog({ store, management, reader }: FollowedLogsPorts, of: FollowedRun): Promise<LogLook> {
  const { user, run, source, task } = of
  const { job, request } = (await findJob(reader, user, run)).found
  const attempt = findAttempt(job, run.attempt)
  refuseManyTasks(attempt, request, { source, task })
  const bucket = management.bucketOf(user, 'pipeline')
  // Asked before the log is looked for: what is there of it then is all.
  const isWhole = isFinished(attempt) && (isSeenStored(attempt) || (await store.head(bucket, timesPath(run))) !== null)
  return { parts: await findLog(store, bucket, run, attempt, { source, task }), end: isWhole ? attempt : null }
}

/** What never was on the platform has no log; what was stored a moment ago the submitter may not have seen. */
function isSeenStored(attempt: Attempt): boolean {
  return slurmJobIdOf(attempt) === null || (isFinished(attempt) && attempt.state.collecting !== 'owed')
}
