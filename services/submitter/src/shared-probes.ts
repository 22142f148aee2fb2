import type { ProbeAnswer } from '@lautta/core/messages'

type Probed = { answer: ProbeAnswer } | 'elsewhere'

interface Probe {
  probed: Promise<Probed>
  /** Null while it is under way. */
  endedAtMs: number | null
}

const keptMs = 10_000

/** Makes probes, at most one at once for each key; who asks while one is under way, or soon after, hears the same. */
export function createSharedProbes(now: () => Date) {
  const probes = new Map<string, Probe>()
  return async (key: string, make: () => Promise<Probed>): Promise<Probed> => {
    const last = probes.get(key)
    const isFresh = last !== undefined && (last.endedAtMs === null || now().getTime() - last.endedAtMs < keptMs)
    if (isFresh) return last.probed
    const probe: Probe = { probed: make(), endedAtMs: null }
    probes.set(key, probe)
    // Not to have found out is nothing to keep.
    const found = await probe.probed.catch(() => 'elsewhere' as const)
    probe.endedAtMs = now().getTime()
    if (found === 'elsewhere') probes.delete(key)
    return probe.probed
  }
}
