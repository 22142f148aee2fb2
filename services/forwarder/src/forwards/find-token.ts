import type { Management } from '@lautta/object-store/management'
import type { KnownForward } from './forward-book.ts'

/** The token that the service of a forward wants of who asks it; null when it wants none. */
export type FindToken = (forward: KnownForward) => Promise<string | null>

/** Of Ray's services the dashboard, which is the Jobs API too, wants a token. */
export function createFindToken({ rayTokenOf }: Pick<Management, 'rayTokenOf'>): FindToken {
  return async ({ user, platform, orchestration, index, service, attempt }) => {
    if (service !== 'dashboard' || orchestration === null || index === null || attempt === null) return null
    return rayTokenOf(user, { id: orchestration, platform, index, attempt })
  }
}
