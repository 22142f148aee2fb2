import { createForwarder } from '@lautta/forwarder/create-forwarder'
import { createMonitor } from '@lautta/monitor/create-monitor'
import { startEmbeddedRedis } from '@lautta/queue/embedded-redis'
import type { Config } from '@lautta/runtime/config'
import { lockDataDirectory } from '@lautta/runtime/data-lock'
import type { Logger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import type { Running } from '@lautta/runtime/run-service'
import { createSubmitter } from '@lautta/submitter/create-submitter'

/** The three services in one process, over embedded defaults. */
export async function createStandalone(config: Config, logger: Logger): Promise<Running & { url: string }> {
  const opened: Running[] = []
  // What was opened last is closed first: nobody asks Redis when it is gone.
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one.close()
  }
  try {
    const lock = await lockDataDirectory(config.dataDirectory)
    opened.push({ close: lock.release })
    const embedded = config.redis === null ? await startEmbeddedRedis() : null
    if (embedded !== null) opened.push({ close: embedded.stop })
    const redis = embedded ?? config.redis
    if (redis === null) throw new Error('there is no Redis')
    const installation = openInstallation(config, logger)
    opened.push(await createMonitor({ config, installation, redis, logger }))
    opened.push(await createSubmitter({ config, installation, redis, logger, isAlone: true }))
    const forwarder = await createForwarder({ config, installation, redis, logger, isAlone: true })
    opened.push(forwarder)
    return { url: forwarder.url, close }
  } catch (error) {
    await close()
    throw error
  }
}
