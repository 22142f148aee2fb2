import type { Lease } from '@lautta/queue/leases'
import { createSequence } from './in-turn.ts'
import { LeaseLostError } from './session-ports.ts'

/** The lease of a session, taken when it is needed and given back when nothing is done under it any more. */
export interface HeldLease {
  /** Takes or keeps the lease; `elsewhere` when another process has it. `onInterruption`: somebody may have acted in between. */
  hold(onInterruption: () => void): Promise<'held' | 'elsewhere'>
  isHeld(): boolean
  /** The lease; throws LeaseLostError when it is not ours. */
  current(): Lease
  lose(error: LeaseLostError): void
  giveBack(): Promise<void>
}

/** A lease with enough time left for a write; a write that comes later than the lease's end is worse than none. */
export function withTimeLeft(lease: Lease, leastMs: number): Lease {
  if (lease.remainingMs() < leastMs) throw new LeaseLostError('too little of the lease is left for a write')
  return lease
}

export function createHeldLease(acquire: (floor: number) => Promise<Lease | null>): HeldLease {
  let lease: Lease | null = null
  let lastFence = 0
  let floor = 0
  let givingBack: Promise<void> = Promise.resolve()
  // Two that take it at once would be each other's other holder.
  const inTurn = createSequence()
  const isHeld = (): boolean => lease !== null && lease.remainingMs() > 0

  const giveBack = (): Promise<void> => {
    const held = lease
    lease = null
    if (held !== null) givingBack = held.release()
    return givingBack
  }
  return {
    hold: (onInterruption) =>
      inTurn(async () => {
        await givingBack
        if (isHeld()) return 'held'
        lease = await acquire(floor)
        if (lease === null) return 'elsewhere'
        if (lease.previousFence !== lastFence) onInterruption()
        lastFence = lease.fence
        return 'held'
      }),
    isHeld,
    current() {
      if (lease === null || lease.remainingMs() === 0) throw new LeaseLostError('the lease has ended')
      return lease
    },
    lose(error) {
      floor = Math.max(floor, error.floor)
      void giveBack()
    },
    giveBack
  }
}
