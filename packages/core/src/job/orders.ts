import type { OrderDocument } from '../documents/order-document.ts'

/** What the order objects say of one job, whatever the sequence in which they were read. */
export interface JobOrders {
  /** Attempts that a start allows, with the time of the earliest order for each. */
  starts: ReadonlyMap<number, string>
  /** Attempts that a stop names, likewise. */
  stops: ReadonlyMap<number, string>
}

/** Folds the order objects that concern the job. A set is folded: orders may come twice and in any sequence. */
export function foldOrders(orders: readonly OrderDocument[], platform: string, index: number): JobOrders {
  const mine = orders.filter((order) => (order.platform ?? platform) === platform && (order.index ?? index) === index)
  return {
    starts: earliestByAttempt(mine.filter(({ order }) => order === 'start')),
    stops: earliestByAttempt(mine.filter(({ order }) => order === 'stop'))
  }
}

/** The attempt that the newest start asks for; 0 when none stands. */
export function startedAttempt({ starts }: JobOrders): number {
  return Math.max(0, ...starts.keys())
}

/**
 * When a stop ended this attempt, or null. stop(n) ends the attempts up to n and the retries that follow them: those
 * that run under a start of at most n.
 */
export function stopOf({ starts, stops }: JobOrders, attempt: number): string | null {
  const start = Math.max(0, ...[...starts.keys()].filter((started) => started <= attempt))
  const [earliest] = [...stops]
    .filter(([stopped]) => stopped >= Math.max(start, 1))
    .map(([, at]) => at)
    .sort()
  return earliest ?? null
}

/** When the attempt was ordered, or null: a retry runs under the start before it. */
export function startOf({ starts }: JobOrders, attempt: number): string | null {
  const [latest] = [...starts].filter(([started]) => started <= attempt).sort(([a], [b]) => b - a)
  return latest?.[1] ?? null
}

function earliestByAttempt(orders: readonly OrderDocument[]): Map<number, string> {
  const byAttempt = new Map<number, string>()
  for (const { attempt, at } of orders) {
    const known = byAttempt.get(attempt)
    if (known === undefined || at < known) byAttempt.set(attempt, at)
  }
  return byAttempt
}
