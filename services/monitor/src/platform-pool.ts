import { messageOf } from '@lautta/core/errors'
import { type CommandBudget, createCommandBudget } from '@lautta/platforms/command-budget'
import { connectPlatform, type ThisMachine } from '@lautta/platforms/connect-platform'
import type { Platform } from '@lautta/platforms/platform'
import type { KnownPlatform } from '@lautta/platforms/settings'
import type { Logger } from '@lautta/runtime/logger'

const idleMs = 2 * 60 * 1000

/** The monitor's own connections, one for each user and platform, closed when nobody asked for them in a while. */
export function createPlatformPool(platforms: readonly KnownPlatform[], machine: ThisMachine, logger: Logger) {
  const open = new Map<string, { platform: Promise<Platform>; timer: NodeJS.Timeout }>()
  // These outlive the connections.
  const budgets = new Map<string, CommandBudget>()

  const forget = (key: string): void => {
    const entry = open.get(key)
    open.delete(key)
    clearTimeout(entry?.timer)
    entry?.platform
      .then((platform) => platform.close())
      .catch((error: unknown) => logger.debug({ error: messageOf(error) }, 'closing a platform'))
  }

  const openPlatform = (key: string, user: string, known: KnownPlatform): Promise<Platform> => {
    const budget = budgets.get(key) ?? createCommandBudget(known.commandsPerSecond, 'monitor')
    budgets.set(key, budget)
    const opening = connectPlatform(known, user, machine, budget)
    opening.catch(() => {
      if (open.get(key)?.platform === opening) forget(key)
    })
    return opening
  }

  return {
    connect(user: string, name: string): Promise<Platform> {
      const key = JSON.stringify([user, name])
      const known = platforms.find((platform) => platform.name === name)
      if (known === undefined) return Promise.reject(new Error(`${name} is no platform of this installation`))
      const platform = open.get(key)?.platform ?? openPlatform(key, user, known)
      clearTimeout(open.get(key)?.timer)
      open.set(key, { platform, timer: setTimeout(() => forget(key), idleMs) })
      return platform
    },
    /** SLURM is not asked any more; who waits for that is told. */
    stopAsking(): void {
      for (const budget of budgets.values()) budget.close()
    },
    close(): void {
      for (const key of [...open.keys()]) forget(key)
    }
  }
}
