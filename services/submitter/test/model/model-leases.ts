import type { Lease } from '@lautta/queue/leases'
import { ask, type Process, type World } from './world.ts'

/** The memory of Redis, as far as leases go. */
export interface LeaseMemory {
  holder: { process: Process; untilMs: number } | null
  lastFence: number
  bornAtMs: number
  /** How far its clock is off. */
  skewMs: number
}

const leaseMs = 30_000

/** Redis forgets everything, perhaps because it is now another one, with another clock. */
export function emptyRedis(world: World, memory: LeaseMemory): void {
  memory.holder = null
  memory.lastFence = 0
  memory.bornAtMs = world.nowMs
  memory.skewMs = world.random.below(120_000) - 60_000
}

/** The lease as one process takes it: renewed while the process runs, lost at the first renewal that fails. */
export function createModelLeases(world: World, memory: LeaseMemory, process: Process) {
  let mine: { holder: LeaseMemory['holder']; untilMs: number } | null = null
  return {
    /** To be called after time has passed. */
    renew(): void {
      if (mine === null || process.hasCrashed || process.isPaused) return
      const isHeld = memory.holder === mine.holder && mine.untilMs > world.nowMs
      mine.untilMs = isHeld ? world.nowMs + leaseMs : 0
      if (isHeld && memory.holder !== null) memory.holder.untilMs = mine.untilMs
    },
    acquire: (floor: number): Promise<Lease | null> =>
      ask(world, process, async () => {
        // A Redis without memory does not know who holds a lease: one lease time must pass first.
        if (world.nowMs - memory.bornAtMs < leaseMs) return null
        if (memory.holder !== null && memory.holder.untilMs > world.nowMs) return null
        const previousFence = memory.lastFence
        memory.lastFence = Math.max(world.nowMs + memory.skewMs, previousFence + 1, floor)
        memory.holder = { process, untilMs: world.nowMs + leaseMs }
        const held = { holder: memory.holder, untilMs: memory.holder.untilMs }
        mine = held
        return {
          fence: memory.lastFence,
          previousFence,
          remainingMs: () => Math.max(0, held.untilMs - world.nowMs),
          release: async () => {
            held.untilMs = 0
            if (memory.holder === held.holder) memory.holder = null
          }
        }
      })
  }
}
