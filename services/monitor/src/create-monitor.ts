import { join } from 'node:path'
import { messageOf } from '@lautta/core/errors'
import type { CollectMessage } from '@lautta/core/messages'
import { createChanges } from '@lautta/queue/changes'
import { connectRedis, type RedisAddress } from '@lautta/queue/connect-redis'
import { createEndedTasks } from '@lautta/queue/ended-tasks'
import { createFollowedStreams } from '@lautta/queue/followed-streams'
import { consumeCollect, createQueues } from '@lautta/queue/queues'
import type { Config } from '@lautta/runtime/config'
import type { Logger } from '@lautta/runtime/logger'
import type { Installation } from '@lautta/runtime/open-installation'
import type { Running } from '@lautta/runtime/run-service'
import { createAllocationReader } from './allocation-reader.ts'
import { type CollectPorts, collectRun } from './collect-run.ts'
import { startCompacting } from './compaction/start-compacting.ts'
import { keepHouse } from './keep-house.ts'
import { keepTables } from './keep-tables.ts'
import { createPlaces, type InPlace } from './places.ts'
import { createPlatformPool } from './platform-pool.ts'
import { settleOpenBills } from './settle-open-bills.ts'

// Most of them wait until accounting was asked for all of them together.
const messagesAtOnce = 1000
const placesAtOnce = 8
const placesOfUser = 6
const keepHouseMs = 6 * 60 * 60 * 1000

export interface MonitorOptions {
  config: Config
  installation: Installation
  redis: RedisAddress
  logger: Logger
}

/** Starts the monitor: it brings logs and accounting, and changes nothing on a platform. */
export async function createMonitor({ config, installation, redis, logger }: MonitorOptions): Promise<Running> {
  const connection = connectRedis(redis)
  const queues = createQueues(redis)
  const changes = createChanges(connection)
  const machine = { localFolder: join(config.dataDirectory, 'local'), environment: config.machineEnvironment }
  const pool = createPlatformPool(config.platforms, machine, logger)
  const closing = new AbortController()
  const places = createPlaces(placesAtOnce, placesOfUser)
  const inPlace: InPlace = (user, work) =>
    places(user, async () => {
      closing.signal.throwIfAborted()
      return work()
    })
  const known = (name: string) => config.platforms.find((platform) => platform.name === name)
  const now = () => new Date()
  const readAllocations = createAllocationReader({ connect: pool.connect, known, now })
  const followed = createFollowedStreams(connection)
  // Without Redis nobody is known to follow: the log comes later.
  const findFollowed: CollectPorts['findFollowed'] = (...of) => followed.find(...of).catch(() => new Set())
  const ports = { ...installation, connect: pool.connect, known, readAllocations, inPlace, now, findFollowed, logger }

  const collect = async (message: CollectMessage): Promise<void> => {
    const { user, platform, id, index, attempt } = message
    try {
      const collected = await collectRun(ports, message)
      if (collected === 'nothing') return
      await changes.tell({ user, id, log: { platform, index } })
      if (collected !== 'all') return
      logger.info({ orchestration: id, platform, job: index, attempt }, 'stored')
      // The submitter sees for itself that all is there; this only spares it the wait.
      await changes.remember(user, platform, id)
      await queues.nudgeReconcile({ user, platform })
    } catch (error) {
      // The submitter asks again, with growing pauses, until all is stored.
      const words = { orchestration: id, platform, job: index, attempt, error: messageOf(error) }
      if (!closing.signal.aborted) logger.warn(words, 'not collected yet')
      throw error
    }
  }

  const consumer = consumeCollect(redis, { concurrency: messagesAtOnce, stalledMs: config.leaseSeconds * 1000 }, collect)
  const { users, retention } = config
  const house = { ...ports, users, retention, logger, signal: closing.signal }
  const lookAfter = (): void => {
    void settleOpenBills(house)
    void keepHouse(house)
  }
  lookAfter()
  const housekeeping = setInterval(lookAfter, keepHouseMs)
  const tasks = createEndedTasks(connection)
  const tables = keepTables({ ...installation, users, tasks, everyMs: config.tablesSeconds * 1000, logger })
  const compacting = startCompacting({ ...installation, users, logger, now: ports.now })
  return {
    async close() {
      closing.abort()
      clearInterval(housekeeping)
      await compacting.close()
      pool.stopAsking()
      await Promise.all([consumer.close(), tables.close()])
      pool.close()
      await queues.close()
      connection.disconnect()
    }
  }
}
