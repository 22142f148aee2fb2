import { setTimeout as pause } from 'node:timers/promises'
import { messageOf, UnavailableError } from '@lautta/core/errors'
import type { Management } from '@lautta/object-store/management'
import type { Lease, Leases } from '@lautta/queue/leases'
import type { ConfiguredUser } from '@lautta/runtime/config'
import type { Logger } from '@lautta/runtime/logger'
import type { Running } from '@lautta/runtime/run-service'
import type { OfferedPlatform } from '../offered-platforms.ts'
import type { OrderReader } from '../order-reader.ts'
import type { ClosablePlatform } from '../order-warnings.ts'
import type { OrderWriter } from '../order-writer.ts'
import { readPickledRequest } from './read-pickled-request.ts'
import { createUserAdoption } from './user-adoption.ts'
import { createVersions } from './versions.ts'

const lookEveryMs = 10_000

export interface AdoptionOptions {
  users: readonly ConfiguredUser[]
  platforms: readonly (OfferedPlatform & ClosablePlatform)[]
  management: Management
  reader: OrderReader
  writer: OrderWriter
  leases: Leases
  now(): Date
  logger: Logger
}

/** Looks into the buckets of those users for whom that is switched on, each by itself; of several forwarders, one does. */
export function startAdopting(options: AdoptionOptions): Running {
  const closing = new AbortController()
  const adopting = options.users
    .filter(({ adoptsFromBucket }) => adoptsFromBucket)
    .map((user) => adoptUntilClosed(user, options, closing.signal))
  return {
    async close() {
      closing.abort()
      await Promise.all(adopting)
    }
  }
}

async function adoptUntilClosed(
  { name: user, adoptsForThisMachine: isAdmin }: ConfiguredUser,
  { platforms, leases, logger, ...ports }: AdoptionOptions,
  closing: AbortSignal
): Promise<void> {
  const held: { lease: Lease | null } = { lease: null }
  const remainingMs = (): number => held.lease?.remainingMs() ?? 0
  const mayWrite = (): void => {
    if (remainingMs() < ports.management.leasedWriteMs) throw new UnavailableError('another forwarder may adopt by now')
  }
  const versions = createVersions({ user, ...ports, mayWrite })
  const read = (content: Uint8Array) => readPickledRequest(content, platforms, { isAdmin })
  const adoption = createUserAdoption({ user, versions, read, logger, ...ports })
  const look = async (): Promise<void> => {
    if (remainingMs() === 0) {
      adoption.forget()
      held.lease = await leases.acquire(`adoption ${user}`, 0)
    }
    if (held.lease !== null) await adoption.look()
  }
  while (!closing.aborted) {
    await look().catch((error: unknown) => logger.warn({ user, error: messageOf(error) }, 'could not look into the bucket'))
    await pause(lookEveryMs, undefined, { signal: closing }).catch(() => {})
  }
  await held.lease?.release()
}
