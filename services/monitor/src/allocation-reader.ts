import type { Allocation } from '@lautta/core/workspaces/workspace'
import { findAllocations } from '@lautta/platforms/find-allocations'
import { runCommand } from '@lautta/platforms/run-command'
import type { UsagePorts } from './tell-usage.ts'

// The numbers change seldom, and jobs that begin or end together need one look.
const freshMs = 5 * 60 * 1000

/** What a user's projects have used, and when that was asked. */
interface ReadAllocations {
  readAt: string
  allocations: Allocation[]
}

/** Reads what projects have used, on platforms that tell; one look is good for a while, if it was not before `since`. */
export type AllocationReader = (user: string, platform: string, since: Date) => Promise<ReadAllocations | null>

/** Makes a reader that remembers its last look at each platform of each user. */
export function createAllocationReader({ connect, known, now }: UsagePorts & { now(): Date }): AllocationReader {
  const looks = new Map<string, { at: Date; reading: Promise<ReadAllocations> }>()
  const look = async (user: string, platform: string, command: string, at: Date): Promise<ReadAllocations> => {
    const { shell } = await connect(user, platform)
    const allocations = await runCommand(shell, findAllocations(command, known(platform)?.preamble ?? []))
    return { readAt: at.toISOString(), allocations }
  }
  return async (user, platform, since) => {
    const command = known(platform)?.allocationsCommand ?? null
    if (command === null) return null
    const key = JSON.stringify([user, platform])
    const last = looks.get(key)
    const at = now()
    if (last !== undefined && last.at >= since && at.getTime() - last.at.getTime() < freshMs) return last.reading
    const reading = look(user, platform, command, at)
    looks.set(key, { at, reading })
    // Its failure is met by whoever asked, and by all who ask until the next look is due.
    reading.catch(() => {})
    return reading
  }
}
