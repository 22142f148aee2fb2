import type { ForwardTarget } from '@lautta/core/documents/forward-document'
import type { Caller } from '../authenticate.ts'
import { Problem } from '../problem.ts'
import type { ForwardBook, KnownForward } from './forward-book.ts'

/** The caller's forward to a service, asked for where there is none. */
export type ForwardTo = (caller: Caller, target: ForwardTarget) => Promise<KnownForward>

// Forwards that are remembered.
const mostRemembered = 5000

/**
 * For what is asked many times a second: a forward that was found is looked for by its id, without a lock and without the
 * listing of all of them, until it is closed. Who asks for one at the same time waits for the same answer.
 */
export function createForwardTo(book: Pick<ForwardBook, 'find' | 'create'>): ForwardTo {
  const found = new Map<string, Promise<string>>()

  const findOpen = async (user: string, id: string): Promise<KnownForward | null> => {
    try {
      const forward = await book.find(user, id)
      return forward.state === 'closed' ? null : forward
    } catch (error) {
      // Closed a week ago.
      if (error instanceof Problem && error.status === 404) return null
      throw error
    }
  }

  const create = (caller: Caller, target: ForwardTarget, key: string): Promise<string> => {
    const asked = book.create(caller, target).then(({ forward }) => forward.id)
    found.delete(key)
    found.set(key, asked)
    asked.catch(() => {
      if (found.get(key) === asked) found.delete(key)
    })
    for (const oldest of found.keys()) {
      if (found.size <= mostRemembered) break
      found.delete(oldest)
    }
    return asked
  }

  return async (caller, target) => {
    const { user } = caller
    const key = JSON.stringify([user, target.platform, target.orchestration, target.index, target.service])
    const last = found.get(key)
    const open = last === undefined ? null : await findOpen(user, await last)
    if (open !== null) return open
    // Somebody else may have asked for another one meanwhile.
    const now = found.get(key)
    return book.find(user, await (now === undefined || now === last ? create(caller, target, key) : now))
  }
}
