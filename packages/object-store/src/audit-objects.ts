import { auditMarkDocumentSchema } from '@lautta/core/documents/audit-mark-document'
import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import { auditMarkPath } from '@lautta/core/object-names'
import type { ObjectStore } from './object-store.ts'
import { versionAfter } from './put-versioned.ts'
import type { SealedObjects } from './sealed-objects.ts'

/** Up to when the documents of each user stand in the audit. */
export function createAuditObjects(store: ObjectStore, { commonBucket, slugOf, readFrom, writeTo }: SealedObjects) {
  return {
    /** Null: nobody knows. */
    async readAuditMark(user: string): Promise<Date | null> {
      const found = await leaveUnreadable(readFrom(commonBucket, auditMarkPath(slugOf(user)), auditMarkDocumentSchema))
      return found === null ? null : new Date(found.since)
    },

    async writeAuditMark(user: string, since: Date): Promise<void> {
      const path = auditMarkPath(slugOf(user))
      const version = Number(versionAfter(await store.head(commonBucket, path)))
      await writeTo(commonBucket, path, { schema: 1, since: since.toISOString() }, version)
    }
  }
}
