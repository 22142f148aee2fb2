import { type PauseDocument, pausesKnownForMs } from '@lautta/core/documents/pause-document'
import { UnreadableDocumentError } from '@lautta/core/documents/sealed-document'
import { messageOf } from '@lautta/core/errors'
import type { Management } from '@lautta/object-store/management'
import type { Logger } from '@lautta/runtime/logger'

/** What of the documents is needed to know of pauses. */
export type PauseDocuments = Pick<Management, 'pausePathOf' | 'listPauses' | 'readPause'>

interface Seen {
  /** Null when the path was missing in the last listing. */
  etag: string | null
  reason: string | null
}

/**
 * Which platforms are paused: one listing for all sessions, however many they are. When the store does not answer, what
 * was known holds; until it has answered once, nobody may take a platform for one that is not paused.
 */
export function createPauses(documents: PauseDocuments, now: () => Date, logger: Logger) {
  const seen = new Map<string, Seen>()
  let lookedAtMs: number | null = null
  let listing: Promise<void> | null = null

  const readOne = async (path: string, etag: string | null): Promise<void> => {
    try {
      const document = await documents.readPause(path)
      // A listing alone takes nothing away: it may be an old one.
      if (document === null && etag === null) seen.delete(path)
      else seen.set(path, { etag, reason: reasonIn(document) })
    } catch (error) {
      if (!(error instanceof UnreadableDocumentError)) throw error
      seen.set(path, { etag, reason: 'paused, as far as this version can tell: a newer Lautta wrote about it' })
    }
  }

  const list = async (): Promise<void> => {
    const listed = await documents.listPauses()
    for (const [path, etag] of listed) if (seen.get(path)?.etag !== etag) await readOne(path, etag)
    for (const path of [...seen.keys()].filter((one) => !listed.has(one))) await readOne(path, null)
    lookedAtMs = now().getTime()
  }

  const refresh = async (): Promise<void> => {
    const isYoung = lookedAtMs !== null && now().getTime() - lookedAtMs < pausesKnownForMs
    if (isYoung) return
    listing ??= list().finally(() => {
      listing = null
    })
    try {
      await listing
    } catch (error) {
      if (lookedAtMs === null) throw error
      lookedAtMs = now().getTime()
      logger.warn({ error: messageOf(error) }, 'pauses could not be read; what was known of them holds')
    }
  }

  return {
    /** Why nothing new is begun on a platform for a user; null when it may be. Throws StorageError when that is not known. */
    async reasonOf(user: string, platform: string): Promise<string | null> {
      await refresh()
      const paths = [documents.pausePathOf(platform, null), documents.pausePathOf(platform, user)]
      return paths.map((path) => seen.get(path)?.reason ?? null).find((reason) => reason !== null) ?? null
    }
  }
}

function reasonIn(document: PauseDocument | null): string | null {
  return document?.paused === true ? `paused by ${document.by}` : null
}
