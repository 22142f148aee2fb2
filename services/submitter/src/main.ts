import { loadConfig } from '@lautta/runtime/config'
import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import { runService } from '@lautta/runtime/run-service'
import { createSubmitter } from './create-submitter.ts'

await runService(async () => {
  const config = loadConfig({ standalone: false })
  const logger = createLogger(config.logLevel)
  const submitter = await createSubmitter({
    config,
    installation: openInstallation(config, logger),
    redis: config.redis,
    logger,
    isAlone: false
  })
  logger.info('submitter is ready')
  return submitter
})
