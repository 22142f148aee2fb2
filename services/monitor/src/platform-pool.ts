import { messageOf } from '@lautta/core/errors'
import { connectPlatform, type Platform, type ThisMachine } from '@lautta/platforms/connect-platform'
import type { KnownPlatform } from '@lautta/platforms/settings'
import type { Logger } from '@lautta/runtime/logger'

const idleMs = 2 * 60 * 1000

/** The monitor's own connections, one for each user and platform, closed when nobody asked for them in a while. */
export function createPlatformPool(platforms: readonly KnownPlatform[], machine: ThisMachine, logger: Logger) {
  const open = new Map<string, { platform: Promise<Platform>; timer: NodeJS.Timeout }>()

  const forget = (key: string): void => {
    const entry = open.get(key)
    open.delete(key)
    clearTimeout(entry?.timer)
    entry?.platform
      .then((platform) => platform.close())
      .catch((error: unknown) => logger.debug({ error: messageOf(error) }, 'closing a platform'))
  }

  return {
    connect(user: string, name: string): Promise<Platform> {
      const key = JSON.stringify([user, name])
      const known = platforms.find((platform) => platform.name === name)
      if (known === undefined) return Promise.reject(new Error(`${name} is no platform of this installation`))
      const platform = open.get(key)?.platform ?? connectPlatform(known, user, machine)
      clearTimeout(open.get(key)?.timer)
      open.set(key, { platform, timer: setTimeout(() => forget(key), idleMs) })
      return platform
    },
    /** After a failure: the next use connects anew. */
    forget: (user: string, name: string): void => forget(JSON.stringify([user, name])),
    close(): void {
      for (const key of [...open.keys()]) forget(key)
    }
  }
}
