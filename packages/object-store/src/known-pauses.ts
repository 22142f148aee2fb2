import { type PauseDocument, pausesKnownForMs } from '@lautta/core/documents/pause-document'
import { UnreadableDocumentError } from '@lautta/core/documents/sealed-document'
import type { PauseObjects } from './pause-objects.ts'

/** What keeps a user from beginning anything on a platform. */
export interface StandingPause {
  /** Null: it is for everybody. */
  user: string | null
  by: string
  /** Null when this version can not tell. */
  at: string | null
}

interface Seen {
  /** Null when the path was missing in the last listing. */
  etag: string | null
  /** Null when it has ended. */
  pause: Omit<StandingPause, 'user'> | null
}

/**
 * Which platforms are paused: one listing for all who ask, however many they are. When the store does not answer, what
 * was known holds, and `onFailure` is told; until it has answered once, nobody may take a platform for one that is not paused.
 */
export function createKnownPauses(
  documents: Pick<PauseObjects, 'pausePathOf' | 'listPauses' | 'readPause'>,
  now: () => Date,
  onFailure: (error: unknown) => void
) {
  const seen = new Map<string, Seen>()
  let isKnown = false
  let youngUntilMs = 0
  let listing: Promise<void> | null = null

  const readOne = async (path: string, etag: string | null): Promise<void> => {
    const before = seen.get(path)
    const found = await readPauseAt(path)
    // What was learned meanwhile is younger.
    if (seen.get(path) !== before) return
    // A listing alone takes nothing away: it may be an old one.
    if (found === null && etag === null) seen.delete(path)
    else seen.set(path, { etag, pause: found })
  }

  const readPauseAt = async (path: string): Promise<Seen['pause']> => {
    try {
      return standing(await documents.readPause(path))
    } catch (error) {
      if (!(error instanceof UnreadableDocumentError)) throw error
      return { by: 'a newer Lautta, as far as this version can tell', at: null }
    }
  }

  const list = async (): Promise<void> => {
    // What it says is as old as its beginning.
    const beganAtMs = now().getTime()
    const listed = await documents.listPauses()
    for (const [path, etag] of listed) if (seen.get(path)?.etag !== etag) await readOne(path, etag)
    for (const path of [...seen.keys()].filter((one) => !listed.has(one))) await readOne(path, null)
    isKnown = true
    youngUntilMs = beganAtMs + pausesKnownForMs
  }

  const refresh = async (): Promise<void> => {
    if (now().getTime() < youngUntilMs) return
    listing ??= list()
      .catch((error: unknown) => {
        if (!isKnown) throw error
        // The store is left in peace for as long.
        youngUntilMs = now().getTime() + pausesKnownForMs
        onFailure(error)
      })
      .finally(() => {
        listing = null
      })
    await listing
  }

  return {
    /** What keeps a user from beginning anything on a platform; null when nothing does. Throws StorageError when that is not known. */
    async find(user: string, platform: string): Promise<StandingPause | null> {
      await refresh()
      for (const one of [null, user]) {
        const pause = seen.get(documents.pausePathOf(platform, one))?.pause ?? null
        if (pause !== null) return { ...pause, user: one }
      }
      return null
    },

    /** Takes what was just written for known: a listing may not have it yet. */
    learn(written: Omit<PauseDocument, 'hmac' | 'schema'>): void {
      seen.set(documents.pausePathOf(written.platform, written.user), { etag: null, pause: standing(written) })
    }
  }
}
export type KnownPauses = ReturnType<typeof createKnownPauses>

function standing(document: Pick<PauseDocument, 'paused' | 'by' | 'at'> | null): Seen['pause'] {
  return document?.paused === true ? { by: document.by, at: document.at } : null
}
