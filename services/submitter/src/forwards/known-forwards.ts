import type { ForwardDocument } from '@lautta/core/documents/forward-document'
import { UnreadableDocumentError } from '@lautta/core/documents/sealed-document'
import { mapLimited } from '@lautta/core/map-limited'
import type { ListedForward } from '@lautta/object-store/forward-objects'
import type { Management } from '@lautta/object-store/management'

/** A forward that is not closed yet; one that has ended is to be. */
export interface WantedForward {
  document: ForwardDocument
  isEnded: boolean
}

interface Known {
  /** Null: nobody of us wrote it, or a newer version did. */
  document: ForwardDocument | null
  isEnded: boolean
  statusEtag: string | null
  isClosed: boolean
}

// Told by a nudge, a new forward is looked for at once, unless that was done just before; then a second nudge finds it.
const knownForMs = 2000
// Documents that are read at a time.
const mostReads = 16

/** The forwards of all users: one listing for all sessions of the process that ask within two seconds. */
export function createKnownForwards(management: Management, now: () => Date) {
  let forwards = new Map<string, Known>()
  let youngUntilMs = 0
  let listing: Promise<void> | null = null

  const readIsClosed = async ({ user, id }: ForwardDocument): Promise<boolean> => {
    try {
      return (await management.readForwardStatus(user, id))?.state === 'closed'
    } catch (error) {
      if (error instanceof UnreadableDocumentError) return true
      throw error
    }
  }

  const readOne = async (listed: ListedForward): Promise<Known> => {
    const before = forwards.get(`${listed.slug}/${listed.id}`)
    const { isEnded, statusEtag } = listed
    const document = before === undefined ? await readDocument(listed) : before.document
    // A status that was closed stays so.
    const isRead = before !== undefined && (before.isClosed || before.statusEtag === statusEtag)
    const isClosed = isRead ? before.isClosed : document !== null && statusEtag !== null && (await readIsClosed(document))
    // A listing may be an old one: an end that was seen stands.
    return { document, isEnded: isEnded || before?.isEnded === true, statusEtag, isClosed }
  }

  const readDocument = async (listed: ListedForward): Promise<ForwardDocument | null> => {
    try {
      return await management.readListedForward(listed)
    } catch (error) {
      if (error instanceof UnreadableDocumentError) return null
      throw error
    }
  }

  const list = async (): Promise<void> => {
    // What it says is as old as its beginning.
    const beganAtMs = now().getTime()
    const listed = await management.listForwards(null)
    const found = new Map<string, Known>()
    await mapLimited(listed, mostReads, async (one) => found.set(`${one.slug}/${one.id}`, await readOne(one)))
    // A listing alone takes nothing away that is open.
    for (const [key, known] of forwards) if (!found.has(key) && !known.isClosed) found.set(key, known)
    forwards = found
    youngUntilMs = beganAtMs + knownForMs
  }

  const refresh = async (): Promise<void> => {
    if (now().getTime() < youngUntilMs) return
    listing ??= list().finally(() => {
      listing = null
    })
    await listing
  }

  /** Those of a user that are not closed, in the sequence in which they were asked for. */
  const findOpen = async (user: string): Promise<WantedForward[]> => {
    await refresh()
    return [...forwards.values()]
      .flatMap(({ document, isEnded, isClosed }) =>
        document === null || isClosed || document.user !== user ? [] : [{ document, isEnded }]
      )
      .sort((a, b) => (a.document.id < b.document.id ? -1 : 1))
  }

  return { findOpen }
}
export type KnownForwards = ReturnType<typeof createKnownForwards>
