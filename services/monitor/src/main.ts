import { loadConfig } from '@lautta/runtime/config'
import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import { runService } from '@lautta/runtime/run-service'
import { createMonitor } from './create-monitor.ts'

await runService(async () => {
  const config = loadConfig({ standalone: false })
  const logger = createLogger(config.logLevel)
  const monitor = await createMonitor({ config, installation: openInstallation(config, logger), redis: config.redis, logger })
  logger.info('monitor is ready')
  return monitor
})
