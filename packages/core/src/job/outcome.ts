/** How a job ended, from worst to best. */
export const outcomes = ['lost', 'node-failed', 'out-of-memory', 'timed-out', 'failed', 'cancelled', 'completed'] as const
export type Outcome = (typeof outcomes)[number]

/** Outcomes after which a job may be run again by itself. */
export const retryCauses = ['lost', 'node-failed', 'out-of-memory', 'timed-out', 'failed'] as const satisfies Outcome[]

/** The worst of the outcomes; null when there is none yet. */
export function worstOutcome(of: readonly (Outcome | null)[]): Outcome | null {
  return outcomes.find((outcome) => of.includes(outcome)) ?? null
}
