import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import { isBelievable } from '@lautta/core/documents/status-document'
import { platformsNeededOn } from '@lautta/core/orchestration/needs'
import type { ListedOrder } from '@lautta/object-store/list-orders'
import type { LiveOrder } from './live-order.ts'
import type { SessionPorts } from './session-ports.ts'

/**
 * Reads the statuses on other platforms whose jobs are needed here: those that are listed anew, and all at a hint, since
 * a listing may lag behind. They belong to other sessions, so they are read and nothing else; late writes are passed over.
 */
export function createReadNeeded({ user, known, management, now }: SessionPorts) {
  return async ({ id, request, elsewhere }: LiveOrder, { statusEtags }: ListedOrder, isHinted: boolean): Promise<void> => {
    const platforms = platformsNeededOn(request.request.platforms, known.name)
    platforms.delete(known.name)
    const read = async (platform: string): Promise<void> => {
      const etag = statusEtags.get(platform) ?? null
      const seen = elsewhere.get(platform)
      const seenAtMs = now().getTime()
      if (!isHinted && etag === (seen?.etag ?? null)) {
        if (seen !== undefined) seen.seenAtMs = seenAtMs
        return
      }
      const found = await leaveUnreadable(management.readStatusWithEtag(user, id, platform))
      // With its own ETag, which may be older than the listed one: then it is read again.
      if (found !== null && isBelievable(found.document, seen, seenAtMs)) elsewhere.set(platform, { ...found, seenAtMs })
    }
    await Promise.all([...platforms].map(read))
  }
}
