import { join } from 'node:path'
import { loadConfig } from '@lautta/runtime/config'
import { createLogger } from '@lautta/runtime/logger'
import { runService } from '@lautta/runtime/run-service'
import { createStandalone } from './create-standalone.ts'

await runService(async () => {
  const config = loadConfig({ standalone: true })
  const standalone = await createStandalone(config, createLogger(config.logLevel, join(config.dataDirectory, 'lautta.log')))
  const [user] = config.users
  process.stdout.write(`Lautta is ready at ${standalone.url}

  API      ${standalone.url}/v1      documented at ${standalone.url}/docs
  API key  ${join(config.dataDirectory, 'api-key')}      (user ${user?.name})
  data     ${config.dataDirectory}      log in lautta.log

Ctrl-C ends it; jobs of platform local go on.
`)
  return standalone
})
