import {
  type ForwardDocument,
  type ForwardEndDocument,
  type ForwardStatus,
  forwardDocumentSchema,
  forwardEndDocumentSchema,
  forwardStatusDocumentSchema
} from '@lautta/core/documents/forward-document'
import { forwardPath, forwardPrefix } from '@lautta/core/object-names'
import { fromWire, toWire } from '@lautta/core/wire'
import type { ObjectStore } from './object-store.ts'
import { listAll } from './read-object.ts'
import type { SealedObjects } from './sealed-objects.ts'

/** A forward, as far as a listing tells. */
export interface ListedForward {
  /** The part of its path that stands for its user. */
  slug: string
  id: string
  isEnded: boolean
  statusEtag: string | null
}

const listedForm = /^([a-z0-9-]+)\/([0-9a-z]+)(?:\.(end|status))?\.json$/

/** Forwards of all users: what was asked for, what is not wanted any more, and how each is. */
export function createForwardObjects(
  store: ObjectStore,
  { commonBucket, slugOf, readFrom, writeTo, leasedWriteMs }: SealedObjects
) {
  const readRequest = async (slug: string, id: string): Promise<ForwardDocument | null> => {
    const found = await readFrom(commonBucket, forwardPath(slug, id, 'request'), forwardDocumentSchema)
    if (found === null) return null
    const { schema: _schema, hmac: _hmac, ...document } = fromWire(found)
    return document
  }

  return {
    async writeForward(document: ForwardDocument): Promise<void> {
      const path = forwardPath(slugOf(document.user), document.id, 'request')
      await writeTo(commonBucket, path, toWire({ schema: 1, ...document }) as object, 1)
    },

    readForward: (user: string, id: string): Promise<ForwardDocument | null> => readRequest(slugOf(user), id),
    /** The same by what a listing tells of it. */
    readListedForward: ({ slug, id }: ListedForward): Promise<ForwardDocument | null> => readRequest(slug, id),

    async writeForwardEnd(user: string, end: ForwardEndDocument): Promise<void> {
      const path = forwardPath(slugOf(user), end.id, 'end')
      await writeTo(commonBucket, path, toWire({ schema: 1, ...end }) as object, 1)
    },

    async readForwardEnd(user: string, id: string): Promise<ForwardEndDocument | null> {
      const found = await readFrom(commonBucket, forwardPath(slugOf(user), id, 'end'), forwardEndDocumentSchema)
      if (found === null) return null
      const { schema: _schema, hmac: _hmac, ...end } = fromWire(found)
      return end
    },

    async writeForwardStatus(user: string, status: ForwardStatus): Promise<void> {
      const path = forwardPath(slugOf(user), status.id, 'status')
      await writeTo(commonBucket, path, toWire({ schema: 1, ...status }) as object, status.sequence, leasedWriteMs)
    },

    async readForwardStatus(user: string, id: string): Promise<ForwardStatus | null> {
      const found = await readFrom(commonBucket, forwardPath(slugOf(user), id, 'status'), forwardStatusDocumentSchema)
      if (found === null) return null
      const { schema: _schema, hmac: _hmac, ...status } = fromWire(found)
      return status
    },

    /** The forwards of a user, or (null) of all: one listing. */
    async listForwards(user: string | null): Promise<ListedForward[]> {
      const prefix = user === null ? forwardPrefix : `${forwardPrefix}${slugOf(user)}/`
      const forwards = new Map<string, ListedForward>()
      const ended = new Set<string>()
      const statuses = new Map<string, string>()
      for (const { path, etag } of await listAll(store, commonBucket, prefix)) {
        const [, slug, id, part] = listedForm.exec(path.slice(forwardPrefix.length)) ?? []
        if (slug === undefined || id === undefined) continue
        const key = `${slug}/${id}`
        if (part === 'end') ended.add(key)
        else if (part === 'status') statuses.set(key, etag)
        else forwards.set(key, { slug, id, isEnded: false, statusEtag: null })
      }
      return [...forwards].map(([key, forward]) => ({
        ...forward,
        isEnded: ended.has(key),
        statusEtag: statuses.get(key) ?? null
      }))
    },

    /** Removes all of a forward that is closed: that it is not wanted outlives that it was, so that nobody opens it anew. */
    async removeForward({ slug, id }: Pick<ListedForward, 'slug' | 'id'>): Promise<void> {
      for (const part of ['status', 'request', 'end'] as const) await store.delete(commonBucket, forwardPath(slug, id, part))
    }
  }
}
