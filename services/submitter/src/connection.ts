import { messageOf } from '@lautta/core/errors'
import type { Platform } from '@lautta/platforms/platform'
import type { SessionPorts } from './session-ports.ts'

/** The platform, opened when it is first needed; after a close, anew, with whatever credential there is then. */
export function createConnection({ connect, logger }: SessionPorts) {
  let platform: Promise<Platform> | null = null
  return {
    open(): Promise<Platform> {
      const opening = platform ?? connect()
      platform = opening
      opening.catch(() => {
        if (platform === opening) platform = null
      })
      return opening
    },
    close(): void {
      const closing = platform
      platform = null
      closing
        ?.then((open) => open.close())
        .catch((error: unknown) => logger.debug({ error: messageOf(error) }, 'closing a platform'))
    }
  }
}
export type Connection = ReturnType<typeof createConnection>
