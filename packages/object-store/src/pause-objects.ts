import { type PauseDocument, pauseDocumentSchema } from '@lautta/core/documents/pause-document'
import { pausePath, pausePrefix } from '@lautta/core/object-names'
import type { ObjectStore } from './object-store.ts'
import { versionAfter } from './put-versioned.ts'
import { listAll } from './read-object.ts'
import type { SealedObjects } from './sealed-objects.ts'

/** The pauses of platforms: of one for everybody, or (with a user) for one of them. */
export function createPauseObjects(store: ObjectStore, { commonBucket, slugOf, readFrom, writeTo }: SealedObjects) {
  const pathOf = (platform: string, user: string | null): string => pausePath(platform, user === null ? null : slugOf(user))
  return {
    pausePathOf: pathOf,

    /** ETags of all pauses by path, also of those that have ended: one listing. */
    async listPauses(): Promise<Map<string, string>> {
      return new Map((await listAll(store, commonBucket, pausePrefix)).map(({ path, etag }) => [path, etag]))
    },

    /** The pause at a path; null where there was never one. */
    readPause: (path: string): Promise<PauseDocument | null> => readFrom(commonBucket, path, pauseDocumentSchema),

    async writePause(document: Omit<PauseDocument, 'hmac' | 'schema'>): Promise<void> {
      const path = pathOf(document.platform, document.user)
      const version = versionAfter(await store.head(commonBucket, path))
      await writeTo(commonBucket, path, { schema: 1, ...document }, Number(version))
    }
  }
}
export type PauseObjects = ReturnType<typeof createPauseObjects>
