import { createHash } from 'node:crypto'
import { type AdoptedDocument, type AdoptedVersion, adoptedDocumentSchema } from '@lautta/core/documents/adopted-document'
import type { RequestDocument } from '@lautta/core/documents/request-document'
import type { Job } from '@lautta/core/job/job'
import { adoptedPath, picklePath, viewPath } from '@lautta/core/object-names'
import type { Orchestration } from '@lautta/core/orchestration/dictionary'
import type { AcceptedRequest } from '@lautta/core/orchestration/known-order'
import { usualLimits } from '@lautta/core/pickle/limits'
import { fromWire, toWire } from '@lautta/core/wire'
import { type ListedPickles, listPickles } from './list-orders.ts'
import type { ObjectStore } from './object-store.ts'
import { putVersioned } from './put-versioned.ts'
import { readObject } from './read-object.ts'
import type { SealedObjects } from './sealed-objects.ts'

/** Requests that notebooks put into the bucket themselves, what was adopted of them, and the views that notebooks read. */
export function createAdoptedRequests(
  store: ObjectStore,
  { bucketOf, leasedWriteMs, read, writeLeased }: SealedObjects,
  readRequest: (user: string, id: string) => Promise<RequestDocument | null>
) {
  const readAdopted = async (user: string, id: string, number: number): Promise<AdoptedDocument | null> => {
    const found = await read(user, adoptedPath(id, number), adoptedDocumentSchema)
    if (found?.found !== 'request') return found === null ? null : fromWire(found)
    const { request, ...head } = found
    return { ...fromWire(head), request }
  }

  /** The newest of the versions that we wrote ourselves. */
  const readNewest = async (user: string, id: string, versions: readonly number[]): Promise<AdoptedDocument | null> => {
    for (const number of versions) {
      const found = await readAdopted(user, id, number)
      if (found !== null) return found
    }
    return null
  }

  return {
    async writeAdopted(user: string, document: AdoptedVersion): Promise<void> {
      const { request, ...head } = { request: undefined, ...document }
      await writeLeased(user, adoptedPath(document.id, document.number), { ...(toWire(head) as object), request }, 1)
    },

    readAdopted,

    readNewest,

    /** The request of an order as it counts now; one of the REST API wins over an adopted one. `versions` are tried in turn. */
    async readAccepted(user: string, id: string, versions: readonly number[]): Promise<AcceptedRequest | null> {
      const posted = await readRequest(user, id)
      if (posted !== null) return { ...posted, version: null, errors: [] }
      const newest = await readNewest(user, id, versions)
      if (newest === null) return null
      const errors = newest.found === 'errors' ? newest.errors : []
      const { inForce, createdAt } = newest
      const counts = inForce === null || inForce === newest.number ? newest : await readAdopted(user, id, inForce)
      if (counts?.found === 'request') return { ...counts, version: counts.number, errors }
      return { id, createdAt, warnings: [], request: { name: id, labels: {}, platforms: {} }, version: null, errors }
    },

    /** Adds to `earlier` those versions by which jobs go, and which are not the one that counts now. */
    async readEarlier(
      user: string,
      { id, version: counts }: AcceptedRequest,
      jobs: readonly Pick<Job, 'version'>[],
      earlier: Map<number, Orchestration>
    ): Promise<void> {
      for (const { version } of jobs) {
        if (version === null || version === counts || earlier.has(version)) continue
        const found = await readAdopted(user, id, version)
        if (found?.found === 'request') earlier.set(version, found.request)
      }
    },

    /** The requests in the bucket that a notebook put there: one listing, however much lies below them. */
    listPickles: (user: string): Promise<ListedPickles> => listPickles(store, bucketOf(user)),

    /** Whether a request lies there: asked of the object itself, because a listing may not have it yet. */
    hasPickle: async (user: string, id: string): Promise<boolean> => (await store.head(bucketOf(user), picklePath(id))) !== null,

    readPickle: (user: string, id: string): Promise<Buffer | null> =>
      readObject(store, bucketOf(user), picklePath(id), usualLimits.mostBytes),

    /** Answers the ETag of what was written. */
    async writeView(user: string, id: string, platform: string, content: Uint8Array): Promise<string> {
      const md5 = createHash('md5').update(content).digest('hex')
      const options = { contentType: 'application/octet-stream', md5, signal: AbortSignal.timeout(leasedWriteMs) }
      return (await putVersioned(store, bucketOf(user), viewPath(id, platform), content, options)).etag
    }
  }
}
