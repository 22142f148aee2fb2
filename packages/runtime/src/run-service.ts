import { ConfigError } from './config.ts'

/** A running service. */
export interface Running {
  close(): Promise<void>
}

const closeTimeoutMs = 30_000

/** Runs a service until it is asked to end; a second signal does not cut the end short. */
export async function runService(start: () => Promise<Running>): Promise<void> {
  try {
    const running = await start()
    let closing = false
    const end = (): void => {
      if (closing) return
      closing = true
      setTimeout(() => process.exit(1), closeTimeoutMs).unref()
      running.close().then(
        () => process.exit(0),
        (error: unknown) => fail(error)
      )
    }
    process.on('SIGTERM', end)
    process.on('SIGINT', end)
    process.on('SIGHUP', end)
  } catch (error) {
    fail(error)
  }
}

function fail(error: unknown): void {
  process.stderr.write(
    `${error instanceof ConfigError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`
  )
  process.exit(error instanceof ConfigError ? 2 : 1)
}
