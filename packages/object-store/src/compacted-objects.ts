import { compactedDocumentSchema, type Segment } from '@lautta/core/documents/compacted-document'
import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import { compactedIndexPath } from '@lautta/core/object-names'
import { fromWire, toWire } from '@lautta/core/wire'
import type { SealedObjects } from './sealed-objects.ts'

/** Which orders of a user have their tables joined: one document for each user. */
export function createCompactedObjects({ read, write }: SealedObjects) {
  return {
    /** Empty when there is none, or only a newer version can read it. */
    async readSegments(user: string): Promise<Segment[]> {
      const found = await leaveUnreadable(read(user, compactedIndexPath, compactedDocumentSchema))
      return found === null ? [] : fromWire(found).segments
    },

    async writeSegments(user: string, segments: readonly Segment[]): Promise<void> {
      await write(user, compactedIndexPath, toWire({ schema: 1, segments }) as object, 1)
    }
  }
}
