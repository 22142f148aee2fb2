import { type Environment, environmentDocumentSchema } from '@lautta/core/documents/environment-document'
import { environmentPath } from '@lautta/core/object-names'
import { fromWire, toWire } from '@lautta/core/wire'
import type { ObjectStore } from './object-store.ts'
import { versionAfter } from './put-versioned.ts'
import type { SealedObjects } from './sealed-objects.ts'

/** What users find on platforms: one document for each user and platform. */
export function createEnvironmentObjects(store: ObjectStore, { bucketOf, read, writeLeased }: SealedObjects) {
  return {
    /** Null when nobody has looked yet. */
    async readEnvironment(user: string, platform: string): Promise<Environment | null> {
      const found = await read(user, environmentPath(platform), environmentDocumentSchema)
      if (found === null) return null
      const { schema: _schema, platform: _platform, hmac: _hmac, ...environment } = fromWire(found)
      return environment
    },

    async writeEnvironment(user: string, platform: string, environment: Environment): Promise<void> {
      const path = environmentPath(platform)
      const version = versionAfter(await store.head(bucketOf(user), path))
      await writeLeased(user, path, toWire({ schema: 1, platform, ...environment }) as object, Number(version))
    }
  }
}
