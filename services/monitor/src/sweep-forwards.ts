import { leaveUnreadable } from '@lautta/core/documents/sealed-document'
import type { Management } from '@lautta/object-store/management'

type Forwards = Pick<Management, 'listForwards' | 'readListedForward' | 'readForwardStatus' | 'removeForward'>

/** Removes what is kept of forwards that were closed before; answers how many. */
export async function sweepForwards(management: Forwards, before: Date): Promise<number> {
  let removed = 0
  for (const listed of await management.listForwards(null)) {
    const forward = await leaveUnreadable(management.readListedForward(listed))
    const status = forward === null ? null : await leaveUnreadable(management.readForwardStatus(forward.user, forward.id))
    if (status?.closedAt == null || status.closedAt >= before.toISOString()) continue
    await management.removeForward(listed)
    removed++
  }
  return removed
}
