import { join } from 'node:path'
import { messageOf } from '@lautta/core/errors'
import type { CollectMessage } from '@lautta/core/messages'
import { createLimit } from '@lautta/platforms/limit-concurrency'
import { createChanges } from '@lautta/queue/changes'
import { connectRedis, type RedisAddress } from '@lautta/queue/connect-redis'
import { consumeCollect, createQueues } from '@lautta/queue/queues'
import type { Config } from '@lautta/runtime/config'
import type { Logger } from '@lautta/runtime/logger'
import type { Installation } from '@lautta/runtime/open-installation'
import type { Running } from '@lautta/runtime/run-service'
import { collectRun } from './collect-run.ts'
import { startCompacting } from './compaction/start-compacting.ts'
import { keepHouse } from './keep-house.ts'
import { createPlatformPool } from './platform-pool.ts'

// Most of them wait until accounting was asked for all of them together.
const messagesAtOnce = 1000
const placesAtOnce = 8
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
  const enter = createLimit(placesAtOnce)
  const inPlace = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const leave = await enter()
    try {
      closing.signal.throwIfAborted()
      return await work()
    } finally {
      leave()
    }
  }
  const ports = { ...installation, connect: pool.connect, inPlace, now: () => new Date() }

  const collect = async (message: CollectMessage): Promise<void> => {
    const { user, platform, id, index, attempt } = message
    try {
      const collected = await collectRun(ports, message)
      if (collected === 'nothing') return
      await changes.tell({ user, id })
      if (collected !== 'all') return
      logger.info({ orchestration: id, platform, job: index, attempt }, 'stored')
      // The submitter sees for itself that all is there; this only spares it the wait.
      await changes.remember(user, platform, id)
      await queues.nudgeReconcile({ user, platform })
    } catch (error) {
      // The submitter asks again, with growing pauses, until all is stored.
      if (closing.signal.aborted) return
      logger.warn({ orchestration: id, platform, job: index, attempt, error: messageOf(error) }, 'not collected yet')
    }
  }

  const consumer = consumeCollect(redis, { concurrency: messagesAtOnce, stalledMs: config.leaseSeconds * 1000 }, collect)
  const { users, retention } = config
  const house = { ...installation, users, retention, logger, now: ports.now, signal: closing.signal }
  void keepHouse(house)
  const housekeeping = setInterval(() => void keepHouse(house), keepHouseMs)
  const compacting = startCompacting({ ...installation, users, logger, now: ports.now })
  return {
    async close() {
      closing.abort()
      clearInterval(housekeeping)
      await compacting.close()
      pool.stopAsking()
      await consumer.close()
      pool.close()
      await queues.close()
      connection.disconnect()
    }
  }
}
