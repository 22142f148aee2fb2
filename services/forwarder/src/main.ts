import { loadConfig } from '@lautta/runtime/config'
import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import { runService } from '@lautta/runtime/run-service'
import { createForwarder } from './create-forwarder.ts'

await runService(async () => {
  const config = loadConfig({ standalone: false })
  const logger = createLogger(config.logLevel)
  const forwarder = await createForwarder({
    config,
    installation: openInstallation(config, logger),
    redis: config.redis,
    logger,
    isAlone: false
  })
  logger.info({ url: forwarder.url }, 'forwarder is ready')
  return forwarder
})
