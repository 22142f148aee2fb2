import type { Environment } from '@lautta/core/documents/environment-document'
import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import { StorageError } from '@lautta/core/errors'
import type { Partition } from '@lautta/core/platform/partition'
import { toWire } from '@lautta/core/wire'
import type { Management } from '@lautta/object-store/management'

// Answers are asked for again and again.
const knownForMs = 2000

/** What users find on platforms, as the submitter wrote it: read once for all who ask within two seconds. */
export function createKnownEnvironments({ readEnvironment }: Pick<Management, 'readEnvironment'>, now: () => Date) {
  const known = new Map<string, { environment: Promise<Environment | null>; readAtMs: number }>()

  /** Null when nobody has looked yet, or only a newer version can tell. */
  const find = (user: string, platform: string): Promise<Environment | null> => {
    const key = JSON.stringify([user, platform])
    const nowMs = now().getTime()
    const last = known.get(key)
    if (last !== undefined && nowMs - last.readAtMs < knownForMs) return last.environment
    const environment = leaveUnreadable(readEnvironment(user, platform))
    known.set(key, { environment, readAtMs: nowMs })
    const forget = () => known.delete(key)
    // What is not known yet is found any moment.
    environment.then((found) => found === null && forget(), forget)
    return environment
  }

  return {
    find,
    /** Of several platforms, by name. */
    async findAll(user: string, platforms: readonly string[]): Promise<Map<string, Environment | null>> {
      return new Map(await Promise.all(platforms.map(async (one) => [one, await find(user, one)] as const)))
    }
  }
}
export type KnownEnvironments = ReturnType<typeof createKnownEnvironments>

/** Partitions as the platform told them to the user's jobs; null when it did not, or while the store does not tell. */
export async function findToldPartitions(
  environments: Pick<KnownEnvironments, 'find'>,
  user: string,
  platform: string
): Promise<{ partitions: Partition[] } | null> {
  try {
    const partitions = (await environments.find(user, platform))?.partitions ?? null
    return partitions === null ? null : { partitions: toWire(partitions) as Partition[] }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return null
  }
}
